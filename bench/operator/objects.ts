// The load of the bench: servers behind a gateway, each with two grants and two sessions, spread over namespaces.
import { API_VERSION } from '#api/kind.ts';
import type { ApiClient } from '#scripts/engines/api-client.ts';

/** Servers of one namespace. */
const PER_NAMESPACE = 50;
/** Creations in flight. */
const IN_FLIGHT = 12;

export const GRANTS_PER_SERVER = 2;
export const SESSIONS_PER_SERVER = 2;

interface Created {
  /** Of the collection. */
  readonly path: string;
  readonly body: object;
}

const namespaceOf = (index: number): string => `bench-${Math.floor(index / PER_NAMESPACE)}`;

function resource(kind: string, namespace: string, name: string, spec: object): Created {
  const path = `/apis/${API_VERSION}/namespaces/${namespace}/${kind.toLowerCase()}s`;
  return { path, body: { apiVersion: API_VERSION, kind, metadata: { namespace, name }, spec } };
}

function ofServer(index: number): readonly Created[] {
  const namespace = namespaceOf(index);
  const name = `server-${index}`;
  const about = (who: number) => ({
    serverRef: { name },
    subject: { humanID: `user-${who}`, agentID: 'agent-1' },
  });
  const server = resource('MCPServer', namespace, name, {
    image: 'registry.example.org/server:1.0.0',
    gateway: { enabled: true },
    analytics: { enabled: true },
    tools: [
      { name: 'look', sideEffect: 'read' },
      { name: 'change', sideEffect: 'write', requiredTrust: 'medium' },
    ],
  });
  const many = (count: number) => Array.from({ length: count }, (_, who) => who);
  const grants = many(GRANTS_PER_SERVER).map((who) =>
    resource('MCPAccessGrant', namespace, `${name}-grant-${who}`, {
      ...about(who),
      maxTrust: 'medium',
      allowedSideEffects: ['read', 'write'],
    }),
  );
  const sessions = many(SESSIONS_PER_SERVER).map((who) =>
    resource('MCPAgentSession', namespace, `${name}-session-${who}`, {
      ...about(who),
      consentedTrust: 'medium',
    }),
  );
  return [server, ...grants, ...sessions];
}

async function createAll(client: ApiClient, all: readonly Created[], signal: AbortSignal): Promise<void> {
  const left = [...all].reverse();
  const work = async (): Promise<void> => {
    for (let next = left.pop(); next !== undefined; next = left.pop()) {
      signal.throwIfAborted();
      await client.json(next.path, { method: 'POST', body: next.body });
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, work));
}

/** Creates namespaces, servers, grants and sessions. */
export async function createLoad(client: ApiClient, servers: number, signal: AbortSignal): Promise<void> {
  const indexes = Array.from({ length: servers }, (_, index) => index);
  const namespaces = [...new Set(indexes.map(namespaceOf))].map((name) => ({
    path: '/api/v1/namespaces',
    body: { apiVersion: 'v1', kind: 'Namespace', metadata: { name } },
  }));
  await createAll(client, namespaces, signal);
  await createAll(client, indexes.flatMap(ofServer), signal);
}

/** Changes every server in a way that asks for nothing, so that each is reconciled. */
export async function touchServers(client: ApiClient, servers: number, signal: AbortSignal): Promise<void> {
  for (let index = 0; index < servers; index += 1) {
    signal.throwIfAborted();
    const path = `/apis/${API_VERSION}/namespaces/${namespaceOf(index)}/mcpservers/server-${index}`;
    const body = { metadata: { annotations: { 'bench.example.org/touched': 'yes' } } };
    await client.json(path, { method: 'PATCH', body, contentType: 'application/merge-patch+json' });
  }
}
