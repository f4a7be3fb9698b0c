import { describe, expect, it } from '@jest/globals';
import { DEFAULT_OPERATOR_CONFIG } from '#api/operator-config.ts';
import { resolve } from '#api/resolve.ts';
import type { TokenIdentity } from '#runtime/kube/token-review.ts';
import type { KubeObject } from '#runtime/kube/object.ts';
import { serverOfPod, serviceAccountOf } from '#runtime/policy-book/pod-server.ts';
import { aServer } from '#test/policy/build.ts';

const LABELS = { 'app.kubernetes.io/managed-by': 'mcp-runtime', 'app.kubernetes.io/instance': 'notes' };
const IDENTITY: TokenIdentity = {
  namespace: 'team-a',
  name: 'notes',
  pod: { name: 'notes-1', uid: 'uid-1' },
};

function aPod(changes: Partial<KubeObject['metadata']> = {}): KubeObject {
  const metadata = { name: 'notes-1', namespace: 'team-a', uid: 'uid-1', labels: LABELS, ...changes };
  return { apiVersion: 'v1', kind: 'Pod', metadata };
}

function raw(server = aServer()): KubeObject {
  const { metadata, spec } = server;
  return {
    apiVersion: 'mcpruntime.org/v1alpha1',
    kind: 'MCPServer',
    metadata: { name: metadata.name, namespace: 'team-a' },
    spec,
  };
}

const withAccount = (serviceAccountName: string) =>
  aServer({ podTemplate: { spec: { serviceAccountName } } });

/** Servers of `team-a`. */
const known = (...servers: readonly KubeObject[]) => ({
  get: ({ namespace, name }: { readonly namespace?: string | undefined; readonly name: string }) =>
    servers.find(({ metadata }) => metadata.namespace === namespace && metadata.name === name),
});

describe('the server that a pod speaks for', () => {
  it('is the one of its label, where the token is bound to the pod and of the account of the server', () => {
    expect(serverOfPod(IDENTITY, aPod(), known(raw()))).toEqual({
      ok: true,
      value: {
        server: { namespace: 'team-a', name: 'notes' },
        pod: { namespace: 'team-a', name: 'notes-1', uid: 'uid-1' },
      },
    });
  });

  it('is found by the account that its author chose', () => {
    const servers = known(raw(withAccount('shared')));
    expect(serverOfPod({ ...IDENTITY, name: 'shared' }, aPod(), servers)).toMatchObject({ ok: true });
    expect(serverOfPod(IDENTITY, aPod(), servers)).toMatchObject({ error: { reason: 'other_account' } });
  });

  it.each<[string, TokenIdentity, KubeObject | undefined, string]>([
    ['the token is bound to no pod', { ...IDENTITY, pod: undefined }, aPod(), 'pod_unbound'],
    ['there is no such pod', IDENTITY, undefined, 'pod_unknown'],
    ['the pod is another of that name', IDENTITY, aPod({ uid: 'uid-2' }), 'pod_replaced'],
    ['the pod is of another namespace', IDENTITY, aPod({ namespace: 'team-b' }), 'pod_replaced'],
    ['the pod carries no labels', IDENTITY, aPod({ labels: {} }), 'no_server_pod'],
    [
      'somebody else manages the pod',
      IDENTITY,
      aPod({ labels: { ...LABELS, 'app.kubernetes.io/managed-by': 'helm' } }),
      'no_server_pod',
    ],
    [
      'there is no such server',
      IDENTITY,
      aPod({ labels: { ...LABELS, 'app.kubernetes.io/instance': 'other' } }),
      'server_unknown',
    ],
    ['the account is of another server', { ...IDENTITY, name: 'other' }, aPod(), 'other_account'],
  ])('is none where %s', (_what, identity, pod, reason) => {
    const found = serverOfPod(identity, pod, known(raw()));
    expect(found).toMatchObject({ ok: false, error: { reason } });
  });

  it.each([
    aServer(),
    aServer({ name: 'default' }),
    aServer({ name: 'mcp-workload' }),
    withAccount('shared'),
  ])('runs as the account that everybody else derives too', (server) => {
    expect(serviceAccountOf(raw(server))).toBe(resolve(server, DEFAULT_OPERATOR_CONFIG).serviceAccount);
  });
});
