// The office as it is installed.
import type { App } from 'cdk8s';
import { office } from './office.ts';

export default (app: App): void =>
  office(app, { tag: 'test', image: 'mcp-runtime.local/notes:test', changed: false });
