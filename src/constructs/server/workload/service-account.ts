// Who the pods of one server are. One account a server, so that a token says which server it belongs to; nothing is
// mounted unless a volume asks for it.
import { KubeServiceAccount } from '#constructs/kit/kubernetes.ts';
import type { Construct } from 'constructs';
import { childMetadata, type WorkloadContext } from './workload-context.ts';

export function addServiceAccount(scope: Construct, context: WorkloadContext): KubeServiceAccount {
  return new KubeServiceAccount(scope, 'service-account', {
    metadata: childMetadata(context, context.names.serviceAccount),
    automountServiceAccountToken: false,
  });
}
