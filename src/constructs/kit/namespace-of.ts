// Where an object goes: its own choice, else the namespace of the chart around it. There is no third answer, because
// an object without one lands wherever the context of the person who applies it points.
import { Chart } from 'cdk8s';
import type { Construct, IConstruct } from 'constructs';

/** The namespace of an object created in `scope`, or undefined where neither it nor the chart names one. */
export function namespaceOf(scope: Construct, own: string | undefined): string | undefined {
  if (own !== undefined) return own;
  for (let at: IConstruct | undefined = scope; at !== undefined; at = at.node.scope) {
    if (Chart.isChart(at)) return at.namespace;
  }
  return undefined;
}
