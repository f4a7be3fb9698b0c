// Makes a clone runnable: installs exactly what the lockfile names, once per lockfile, with progress.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { linkBin } from './link-bin.mjs';

export const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const stampFile = path.join(root, 'node_modules/.mcp-runtime-setup');
const minimumMajor = 22;

/** The Node that runs the product: 24 from npm where there is a build for this machine, else this one. */
export function nodeBinary() {
  const bundled = path.join(root, 'node_modules/.bin/node');
  if (existsSync(bundled)) return bundled;
  if (Number(process.versions.node.split('.')[0]) >= minimumMajor) return process.execPath;
  console.error(
    `setup: Node ${process.versions.node} is too old and npm has no Node 24 build for ${process.platform}-${process.arch}.\n` +
      `       Install Node ${minimumMajor} or newer, then run the command again.`,
  );
  process.exit(1);
}

function lockfileDigest() {
  const hash = createHash('sha256');
  for (const file of ['package-lock.json', '.npmrc']) hash.update(readFileSync(path.join(root, file)));
  return hash.update(`${process.platform}-${process.arch}`).digest('hex');
}

function isInstalled(digest) {
  return existsSync(stampFile) && readFileSync(stampFile, 'utf8') === digest;
}

function install() {
  return new Promise((resolve, reject) => {
    const startedAt = Date.now();
    const seconds = () => `${Math.round((Date.now() - startedAt) / 1000)} s`;
    const npm = spawn('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'inherit'],
      shell: process.platform === 'win32',
    });
    let summary = '';
    npm.stdout.on('data', (chunk) => (summary += chunk));
    const tick = setInterval(() => console.error(`setup: installing packages … ${seconds()}`), 10_000);
    npm.on('error', reject);
    npm.on('exit', (code) => {
      clearInterval(tick);
      if (code === 0) {
        console.error(`setup: packages installed in ${seconds()}`);
        resolve();
      } else {
        reject(new Error(`npm ci ended with code ${code}${summary ? `: ${summary.trim()}` : ''}`));
      }
    });
  });
}

/** Installs what is missing. Prints nothing and costs a few milliseconds where nothing is. */
export async function ensureSetup() {
  const digest = lockfileDigest();
  if (!isInstalled(digest)) {
    console.error(
      'setup: installing packages (once per package-lock.json; about 1.3 GB, 0.5 GB of it the ClickHouse engine)',
    );
    rmSync(stampFile, { force: true });
    try {
      await install();
    } catch (error) {
      console.error(
        `setup: ${error.message}\n       Mend what npm says above (network, disk space), then run the command again.`,
      );
      process.exit(1);
    }
    writeFileSync(stampFile, digest);
  }
  linkBin();
}
