// The office with other servers: a newer image, a tool and grants that are others, and a server more.
import type { App } from 'cdk8s';
import { office } from './office.ts';

export default (app: App): void =>
  office(app, { tag: 'test', image: 'example.org/mcp/notes:1.0.0', changed: true });
