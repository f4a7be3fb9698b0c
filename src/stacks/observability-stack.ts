// What Prometheus and Grafana are told of an installation. It comes after both, and after the Prometheus Operator where it
// uses its kinds.
import { Chart } from 'cdk8s';
import type { ObservabilityProps } from '#constructs/observability/observability-settings.ts';
import { Observability } from '#constructs/observability/observability.ts';
import type { Construct } from 'constructs';

export type ObservabilityStackProps = ObservabilityProps;

export class ObservabilityStack extends Chart {
  /** @throws InvalidConstructError with everything that is wrong */
  constructor(scope: Construct, id: string, props: ObservabilityStackProps) {
    super(scope, id, { disableResourceNameHashes: true });
    new Observability(this, 'observability', props);
  }
}
