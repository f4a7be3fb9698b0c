// Folders that a test owns and that go with it, and questions about processes by pid.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

export interface TemporaryFolder {
  readonly path: string;
  readonly remove: () => void;
}

/** @param parent where it is made; @default the system's folder for such */
export function temporaryFolder(parent = tmpdir()): TemporaryFolder {
  mkdirSync(parent, { recursive: true });
  const folder = mkdtempSync(path.join(parent, 'mcp-runtime-test-'));
  return { path: folder, remove: () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }) };
}

/** Whether a process lives; one that ended and was not waited for yet does not. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Resolves to whether something came to hold within the time. */
export async function eventually(
  holds: () => boolean | Promise<boolean>,
  withinMs = 15_000,
): Promise<boolean> {
  const until = Date.now() + withinMs;
  while (Date.now() < until) {
    if (await holds()) return true;
    await delay(25);
  }
  return await holds();
}
