// `npx mcp-runtime` inside a clone. Were it a `bin` of package.json, npx would first install the clone into its cache, and
// ask before it does.
import { chmodSync, mkdirSync, readlinkSync, rmSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const target = '../../cli/bin.mjs';

/** Links node_modules/.bin/mcp-runtime to cli/bin.mjs; does nothing where the link is right. */
export function linkBin() {
  const folder = path.join(root, 'node_modules/.bin');
  const link = path.join(folder, 'mcp-runtime');
  try {
    if (readlinkSync(link) === target) return;
  } catch {
    // No link yet, or a file in its place: both are replaced.
  }
  mkdirSync(folder, { recursive: true });
  rmSync(link, { force: true });
  symlinkSync(target, link);
  chmodSync(path.join(root, 'cli/bin.mjs'), 0o755);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) linkBin();
