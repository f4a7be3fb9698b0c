// What the sentinel's image has of the package chdb: this one export, bundled. The package brings much more: builders,
// code generators, integrations.
export { createChdbConnection } from 'chdb/connection';
