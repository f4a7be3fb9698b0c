// The servers of one namespace, with their grants and sessions, and the namespace itself.
import { Chart } from 'cdk8s';
import { LABELS, PLATFORM } from '#api/labels.ts';
import { clusterScoped } from '#constructs/kit/cluster-scoped.ts';
import { KubeNamespace } from '#constructs/kit/kubernetes.ts';
import { RESTRICTED_NAMESPACE } from '#constructs/kit/security.ts';
import type { Construct } from 'constructs';

export interface ServersStackProps {
  /** Namespace of everything in the stack. @default mcp-servers */
  readonly namespace?: string;
  /** Whether the stack makes the namespace, with the strictest pod security. @default true */
  readonly createNamespace?: boolean;
}

export class ServersStack extends Chart {
  constructor(scope: Construct, id: string, props: ServersStackProps = {}) {
    const { namespace = 'mcp-servers', createNamespace = true } = props;
    super(scope, id, { namespace, disableResourceNameHashes: true });
    if (createNamespace) {
      const labels = { [LABELS.partOf]: PLATFORM, ...RESTRICTED_NAMESPACE };
      const metadata = { name: namespace, labels };
      clusterScoped(new KubeNamespace(this, 'namespace', { metadata }));
    }
  }
}
