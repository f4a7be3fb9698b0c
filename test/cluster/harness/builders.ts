// Objects of our kinds with the least that the API server takes, and ways to make them and to see what became of them.
import { API_VERSION } from '#api/kind.ts';
import type { ApiAnswer } from '#scripts/engines/api-client.ts';
import { cluster } from './cluster.ts';
import { until, type Patience } from './eventually.ts';
import { at, conditionLine, conditionOf, type KubeObject } from './objects.ts';
import type { Kind } from './resources.ts';

/** What a builder is told of an object; metadata beside name and namespace. */
export interface More {
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

const ours = (kind: string, namespace: string, name: string, spec: object, more: More): KubeObject => ({
  apiVersion: API_VERSION,
  kind,
  metadata: { name, namespace, ...more },
  spec,
});

/** A server of the image `registry.example.org/<name>:1.0.0`. */
export function aServer(namespace: string, name: string, spec: object = {}, more: More = {}): KubeObject {
  const image = `registry.example.org/${name}:1.0.0`;
  return ours('MCPServer', namespace, name, { image, ...spec }, more);
}

/** A grant for the human `ada`, for a server of its own namespace unless `spec.serverRef` says otherwise. */
export function aGrant(
  namespace: string,
  name: string,
  server: string,
  spec: object = {},
  more: More = {},
): KubeObject {
  const all = { serverRef: { name: server }, subject: { humanID: 'ada' }, ...spec };
  return ours('MCPAccessGrant', namespace, name, all, more);
}

/** A session of the human `ada`, as `aGrant`. */
export function aSession(
  namespace: string,
  name: string,
  server: string,
  spec: object = {},
  more: More = {},
): KubeObject {
  const all = { serverRef: { name: server }, subject: { humanID: 'ada' }, ...spec };
  return ours('MCPAgentSession', namespace, name, all, more);
}

/** Creates objects, all at once. Throws with what the API server said where it refuses one. */
export async function make(...objects: readonly KubeObject[]): Promise<void> {
  const answers = await Promise.all(objects.map((object) => cluster().create(object)));
  for (const [index, answer] of answers.entries()) refuseFailure(objects[index], answer);
}

function refuseFailure(object: KubeObject | undefined, { status, text }: ApiAnswer): void {
  if (status !== 201) throw new Error(`${object?.kind ?? ''} ${object?.metadata.name ?? ''}: ${text}`);
}

/** An object with a value of itself that holds: looked for until it does. */
export async function becomes(
  kind: Kind,
  namespace: string,
  name: string,
  see: (object: KubeObject) => unknown,
  wanted: unknown,
  patience: Patience = {},
): Promise<KubeObject> {
  const expected = JSON.stringify(wanted);
  let object: KubeObject | undefined;
  await until(
    `${kind} ${namespace}/${name} shows ${expected}`,
    async () => {
      object = await cluster().get(kind, name, namespace);
      return object === undefined ? 'there is none' : see(object);
    },
    (seen) => JSON.stringify(seen) === expected,
    patience,
  );
  if (object === undefined) throw new Error(`${kind} ${namespace}/${name} is gone`);
  return object;
}

/** Waits until an object is no more. */
export async function goes(
  kind: Kind,
  namespace: string,
  name: string,
  patience: Patience = {},
): Promise<void> {
  await until(
    `${kind} ${namespace}/${name} is gone`,
    () => cluster().get(kind, name, namespace),
    (object) => object === undefined,
    patience,
  );
}

/** Whether the status of an object speaks of the spec as it is: its controller has done its part. */
export function isObserved(object: KubeObject): boolean {
  return at(object, 'status', 'observedGeneration') === object.metadata.generation;
}

/** Phase of an object whose status speaks of the spec as it is; `behind` where it speaks of an earlier one. */
export function phaseOf(object: KubeObject): unknown {
  return isObserved(object) ? at(object, 'status', 'phase') : 'behind';
}

/** `Active: False Revoked` for each of the types. */
export function conditionLines(object: unknown, ...types: readonly string[]): readonly string[] {
  return types.map((type) => `${type}: ${conditionLine(object, type)}`);
}

/** What a condition tells people; empty where there is none. */
export function messageOf(object: unknown, type: string): string {
  return conditionOf(object, type)?.message ?? '';
}
