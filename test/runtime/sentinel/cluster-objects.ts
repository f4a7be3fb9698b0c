// Objects of a cluster as the sentinel's tests need them: a server, its pod, who may call it, and reviews of tokens.
import { LABELS, PLATFORM } from '#api/labels.ts';
import type { KubeObject } from '#runtime/kube/object.ts';

const API = 'mcpruntime.org/v1alpha1';

type Members = Readonly<Record<string, unknown>>;

export const serverObject = (name = 'notes', spec: Members = {}, status: Members = {}): KubeObject => ({
  apiVersion: API,
  kind: 'MCPServer',
  metadata: { namespace: 'mcp-servers', name },
  spec: { image: 'example.org/notes:1', ...spec },
  status,
});

export const grantObject = (name: string, spec: Members): KubeObject => ({
  apiVersion: API,
  kind: 'MCPAccessGrant',
  metadata: { namespace: 'mcp-servers', name },
  spec,
});

export const sessionObject = (name: string, spec: Members, status: Members = {}): KubeObject => ({
  apiVersion: API,
  kind: 'MCPAgentSession',
  metadata: { namespace: 'mcp-servers', name },
  spec,
  status,
});

/** A pod of the server, with the uid `<name>-uid`. */
export const podObject = (name = 'notes-1', server = 'notes'): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    namespace: 'mcp-servers',
    name,
    uid: `${name}-uid`,
    labels: { [LABELS.instance]: server, [LABELS.managedBy]: PLATFORM },
  },
});

/** What an API server answers of a token that is bound to a pod. */
export function reviewOf(account = 'notes', pod = 'notes-1', audience = 'mcp-runtime-ingest'): Members {
  return {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenReview',
    metadata: {},
    spec: {},
    status: {
      authenticated: true,
      audiences: [audience],
      user: {
        username: `system:serviceaccount:mcp-servers:${account}`,
        extra: {
          'authentication.kubernetes.io/pod-name': [pod],
          'authentication.kubernetes.io/pod-uid': [`${pod}-uid`],
        },
      },
    },
  };
}
