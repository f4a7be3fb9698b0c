// What the sentinel's image has of the package chdb: these two, bundled. The package brings much more: builders, code
// generators, integrations.
// Its entry for modules loads the other one in a way that a bundle can't follow, so that one is asked for.
// eslint-disable-next-line @typescript-eslint/no-require-imports -- see above
import engine = require('chdb');

export { createChdbConnection } from 'chdb/connection';
export const { Session } = engine;
