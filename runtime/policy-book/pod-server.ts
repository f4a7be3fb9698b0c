// Which server a pod speaks for. A pod says it by its labels, which whoever made it chose; what makes it true is that its
// token is bound to exactly this pod, and is of the service account that the server runs as. Nothing that a client sends
// is looked at.
import { LABELS, PLATFORM } from '#api/labels.ts';
import { serverObjectNames } from '#api/names.ts';
import type { ObjectRef } from '#api/principal.ts';
import { err, ok, type Result } from '#api/result.ts';
import type { Cache } from '#runtime/kube/cache.ts';
import { textAt } from '#runtime/kube/json-path.ts';
import type { KubeObject } from '#runtime/kube/object.ts';
import type { TokenIdentity } from '#runtime/kube/token-review.ts';

/**
 * `pod_unbound`: the token names no pod. `pod_unknown`: the pod is not there, or not seen yet. `pod_replaced`: one of
 * that name is, but not the one of the token. `no_server_pod`: it carries no labels of a server. `server_unknown`:
 * there is no such server, or it was not seen yet. `other_account`: the server runs as another service account.
 */
export type PodServerRefusal =
  'pod_unbound' | 'pod_unknown' | 'pod_replaced' | 'no_server_pod' | 'server_unknown' | 'other_account';

export interface PodServerError {
  readonly reason: PodServerRefusal;
  readonly message: string;
}

/** A pod that speaks for a server. */
export interface ServerPod {
  readonly server: ObjectRef;
  readonly pod: { readonly namespace: string; readonly name: string; readonly uid: string };
}

/** The service account that a server's pods run as, as `resolve` has it, also of a server that is invalid otherwise. */
export function serviceAccountOf(server: KubeObject): string {
  return (
    textAt(server, 'spec', 'podTemplate', 'spec', 'serviceAccountName') ??
    serverObjectNames(server.metadata.name).serviceAccount
  );
}

const refused = (reason: PodServerRefusal, message: string) => err({ reason, message });

/**
 * The server that the bearer of a reviewed token speaks for.
 * @param pod the live object of the name that the token is bound to; undefined where there is none
 */
export function serverOfPod(
  identity: TokenIdentity,
  pod: KubeObject | undefined,
  servers: Pick<Cache, 'get'>,
): Result<ServerPod, PodServerError> {
  const { namespace, name: account, pod: bound } = identity;
  if (bound === undefined)
    return refused('pod_unbound', `the token of ${namespace}/${account} is bound to no pod`);
  const podText = `pod ${namespace}/${bound.name}`;
  if (pod === undefined) return refused('pod_unknown', `${podText} is not known here`);
  if (pod.metadata.uid !== bound.uid || pod.metadata.namespace !== namespace) {
    return refused('pod_replaced', `${podText} is not the one that the token is bound to`);
  }
  const { labels = {} } = pod.metadata;
  const name = labels[LABELS.instance] ?? '';
  if (labels[LABELS.managedBy] !== PLATFORM || name === '') {
    return refused('no_server_pod', `${podText} is not a pod of a server`);
  }
  const server = servers.get({ namespace, name });
  if (server === undefined)
    return refused('server_unknown', `${podText}: there is no server ${namespace}/${name}`);
  const wanted = serviceAccountOf(server);
  if (wanted !== account) {
    return refused(
      'other_account',
      `${podText} runs as ${account}, and server ${namespace}/${name} as ${wanted}`,
    );
  }
  return ok({ server: { namespace, name }, pod: { namespace, name: bound.name, uid: bound.uid } });
}
