// The office after its events were lost: as it was upgraded, and restored from a backup.
import type { App } from 'cdk8s';
import { office, RESTORED_BACKUP } from './office.ts';

export default (app: App): void =>
  office(app, {
    tag: 'next',
    image: 'example.org/mcp/notes:1.0.0',
    changed: true,
    backup: process.env[RESTORED_BACKUP],
  });
