// A namespace that a test file has for itself, so that files can run at once.
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll } from '@jest/globals';
import { cluster } from './cluster.ts';

/**
 * Name of a fresh namespace. To be called where tests are declared: it is made before them and deleted after them.
 * @param labels of the namespace
 */
export function namespace(prefix: string, labels: Readonly<Record<string, string>> = {}): string {
  const name = `${prefix}-${randomBytes(3).toString('hex')}`;
  beforeAll(async () => {
    await makeNamespace(name, labels);
  });
  afterAll(async () => {
    await cluster().delete('Namespace', name);
  });
  return name;
}

/** Makes a namespace within a test; it stays until the cluster goes. */
export async function makeNamespace(
  name: string,
  labels: Readonly<Record<string, string>> = {},
): Promise<void> {
  const object = { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } };
  const { status, text } = await cluster().create(object);
  if (status !== 201) throw new Error(`namespace ${name} was refused: ${text}`);
}
