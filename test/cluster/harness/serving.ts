// Servers that serve, for tests of what happens to them then. No ingress controller runs in the cluster, so a test does
// what one would do.
import { OUTCOME_ANNOTATION, type Outcome } from '#scripts/engines/stages.ts';
import { aServer, becomes, make, phaseOf } from './builders.ts';
import { cluster } from './cluster.ts';
import { until, type Patience } from './eventually.ts';
import { at, type KubeObject } from './objects.ts';

/** Gives the Ingress of a server an address, as its controller would, once it is there. */
export async function giveAddress(namespace: string, name: string, patience: Patience = {}): Promise<void> {
  await until(
    `Ingress ${namespace}/${name} is there`,
    () => cluster().get('Ingress', name, namespace),
    (ingress) => ingress !== undefined,
    patience,
  );
  const body = { status: { loadBalancer: { ingress: [{ ip: '192.0.2.1' }] } } };
  await cluster().patch('Ingress', name, namespace, body, { subresource: 'status' });
}

/** Makes a server at a host of its own. */
export async function makeServer(namespace: string, name: string, spec: object = {}): Promise<void> {
  await make(aServer(namespace, name, { ingressHost: `${name}.${namespace}.example.org`, ...spec }));
}

/** Makes a server and waits until it is ready. */
export async function aReadyServer(namespace: string, name: string, spec: object = {}): Promise<KubeObject> {
  await makeServer(namespace, name, spec);
  await giveAddress(namespace, name);
  return readyAgain(namespace, name);
}

/** The server, once it says of its newest spec that it is ready. */
export async function readyAgain(namespace: string, name: string): Promise<KubeObject> {
  return becomes('MCPServer', namespace, name, phaseOf, 'Ready');
}

/** A part of a spec that has pods fail in a named way. */
export function withOutcome(outcome: Outcome): object {
  return { podTemplate: { metadata: { annotations: { [OUTCOME_ANNOTATION]: outcome } } } };
}

/** Has the pods of a server that are there do something else. */
export async function play(namespace: string, server: string, outcome: Outcome): Promise<void> {
  for (const pod of await cluster().list('Pod', namespace, `app=${server}`)) {
    if (at(pod.metadata.annotations, OUTCOME_ANNOTATION) === outcome) continue;
    const body = { metadata: { annotations: { [OUTCOME_ANNOTATION]: outcome } } };
    await cluster().patch('Pod', pod.metadata.name, namespace, body);
  }
}

/** What is told of a server as Events, oldest first: `Warning CrashLooping: ...`. */
export async function eventsOf(namespace: string, server: string): Promise<readonly string[]> {
  const events = await cluster().list('Event', namespace);
  return events
    .filter((event) => at(event, 'involvedObject', 'kind') === 'MCPServer')
    .filter((event) => at(event, 'involvedObject', 'name') === server)
    .toSorted((a, b) => (timeOf(a) < timeOf(b) ? -1 : 1))
    .map((event) => `${text(event, 'type')} ${text(event, 'reason')}: ${text(event, 'message')}`);
}

const text = (object: KubeObject, member: string) => String(at(object, member));

const timeOf = ({ metadata, eventTime }: KubeObject) =>
  String(eventTime ?? at(metadata, 'creationTimestamp'));
