// Where an object goes: its own choice, else the namespace of the construct around it that has one (a team), else that
// of its chart. There is no further answer, because an object without one lands wherever the context of the person who
// applies it points.
import { Chart } from 'cdk8s';
import type { Construct, IConstruct } from 'constructs';

const NAMESPACE = 'mcpruntime.org/namespace';

/** Makes a namespace that of everything in a construct. */
export function claimNamespace(construct: Construct, namespace: string): void {
  construct.node.addMetadata(NAMESPACE, namespace);
}

/** The namespace of an object created in `scope`, or undefined where nothing around it names one. */
export function namespaceOf(scope: Construct, own: string | undefined): string | undefined {
  if (own !== undefined) return own;
  for (let at: IConstruct | undefined = scope; at !== undefined; at = at.node.scope) {
    const claimed = at.node.metadata.find(({ type }) => type === NAMESPACE);
    if (claimed !== undefined) return String(claimed.data);
    if (Chart.isChart(at)) return at.namespace;
  }
  return undefined;
}
