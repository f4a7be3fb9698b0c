// Servers of a test's own, of the images that are on the node, each at a host of its own behind the ingress.
import { McpCaller, type CallOutcome } from '#runtime/local/mcp-caller.ts';
import { callTool } from '#scripts/tool-call.ts';
import { QUICKSTART_IMAGES } from '#scripts/node/platform/program.ts';
import { aGrant, aServer, becomes, make, phaseOf } from '#test/cluster/harness/builders.ts';
import { cluster } from '#test/cluster/harness/cluster.ts';
import { until } from '#test/cluster/harness/eventually.ts';
import { at, byName, conditionOf, items, type KubeObject } from '#test/cluster/harness/objects.ts';
import { node } from './node.ts';
import { hostUrl, nameOf, reach } from './reach.ts';

export type ServerImage = (typeof QUICKSTART_IMAGES)[keyof typeof QUICKSTART_IMAGES];

/** Images by their version: both names of a server are the same image, which for a rollout are two. */
export function imageOf(server: ServerImage, version: 1 | 2): string {
  const second = Object.entries(QUICKSTART_IMAGES).find(([, target]) => target === server)?.[0];
  return version === 1 ? `mcp-runtime.local/${server}:test` : (second ?? '');
}

const SHAPES = {
  notes: { port: 3000, tools: [{ name: 'list_notes', sideEffect: 'read' }] },
  everything: { port: 3001, tools: [{ name: 'echo', sideEffect: 'read' }] },
} as const;

const hostOf = (namespace: string, name: string) => `${name}.${namespace}.example.org`;

/** A server behind its proxy, in which the human `ada` may read. Its pods end soon, though not before calls of them have. */
export function servedObjects(
  namespace: string,
  name: string,
  image: ServerImage,
  spec: object = {},
): readonly KubeObject[] {
  const { port, tools } = SHAPES[image];
  const server = aServer(namespace, name, {
    image: imageOf(image, 1),
    port,
    tools,
    ingressClass: node().ingress.ingressClass,
    ingressHost: hostOf(namespace, name),
    ingressPath: '/mcp',
    gateway: { enabled: true },
    podTemplate: { spec: { terminationGracePeriodSeconds: 20 } },
    ...spec,
  });
  return [server, aGrant(namespace, name, name, { allowedSideEffects: ['read'] })];
}

/** Makes a server and waits until it is ready. */
export async function aServedServer(
  namespace: string,
  name: string,
  image: ServerImage,
  spec: object = {},
): Promise<KubeObject> {
  await make(...servedObjects(namespace, name, image, spec));
  return servesAgain(namespace, name);
}

/** The server, once it says of its newest spec that it is ready. */
export function servesAgain(namespace: string, name: string): Promise<KubeObject> {
  return becomes('MCPServer', namespace, name, phaseOf, 'Ready', { timeoutMs: 120_000 });
}

/** Where a server is called from outside the cluster. */
export const outside = (namespace: string, name: string): string => hostUrl(hostOf(namespace, name), '/mcp');

/** Where a server is called from inside the cluster. */
export const inside = async (namespace: string, name: string): Promise<string> =>
  `http://${await nameOf(name, namespace)}/mcp`;

/** A call of notes, which needs nothing of the call before: `allowed`, or why not. */
export function callNotesAt(url: string, human = 'ada'): Promise<string> {
  return callTool({ url, tool: 'list_notes', headers: { 'x-mcp-human-id': human }, fetch: reach });
}

/** A call of the other server in a session of its own, wherever that is: `allowed`, or why not. */
export async function callEchoAt(url: string, human = 'ada'): Promise<string> {
  const headers = { 'x-mcp-human-id': human };
  const connected = await McpCaller.connect({ url, era: 'legacy', headers, fetch: reach });
  if (connected.kind !== 'result') return whyNot(connected);
  try {
    const outcome = await connected.value.call({ name: 'echo', args: { message: 'hi' } });
    return outcome.kind === 'result' ? 'allowed' : whyNot(outcome);
  } finally {
    await connected.value.close();
  }
}

const whyNot = (outcome: CallOutcome<unknown>) =>
  outcome.kind === 'denied' ? outcome.denial.reason : JSON.stringify(outcome);

/** Pods of a server that are not about to end, sorted by name. */
export async function podsOf(namespace: string, name: string): Promise<readonly KubeObject[]> {
  const pods = await cluster().list('Pod', namespace, `app=${name}`);
  return pods
    .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
    .toSorted((a, b) => a.metadata.name.localeCompare(b.metadata.name));
}

/** `notes:1.0.0 + mcp-gateway` of each pod that is ready, sorted: the server's image, and the other containers that are ready. */
export async function readyPodsOf(namespace: string, name: string): Promise<readonly string[]> {
  const pods = await podsOf(namespace, name);
  const ready = pods.filter((pod) => conditionOf(pod, 'Ready')?.status === 'True');
  return ready.map((pod) => whatRuns(pod, name)).toSorted();
}

function whatRuns(pod: KubeObject, name: string): string {
  const image = String(at(byName(items(pod, 'spec', 'containers'), name), 'image'));
  const others = items(pod, 'status', 'containerStatuses')
    .filter((each) => at(each, 'name') !== name && at(each, 'ready') === true)
    .map((each) => String(at(each, 'name')));
  return [image.split('/').at(-1), ...others].join(' + ');
}

/** Waits until these and no others are the pods of a server, all of them ready. */
export async function podsRun(namespace: string, name: string, wanted: readonly string[]): Promise<void> {
  const expected = JSON.stringify(wanted.toSorted());
  await until(
    `the pods of ${namespace}/${name} are ${expected}`,
    async () => ({
      all: (await podsOf(namespace, name)).length,
      ready: await readyPodsOf(namespace, name),
    }),
    ({ all, ready }) => all === wanted.length && JSON.stringify(ready) === expected,
    { timeoutMs: 120_000 },
  );
}
