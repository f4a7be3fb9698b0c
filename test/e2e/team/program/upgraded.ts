// The same office on the next version of the platform.
import type { App } from 'cdk8s';
import { office } from './office.ts';

export default (app: App): void =>
  office(app, { tag: 'next', image: 'example.org/mcp/notes:1.0.0', changed: true });
