// The sentinel, in a namespace of its own. It can be there before the platform or after it; proxies keep their events
// until it is.
import { Chart } from 'cdk8s';
import { NAMESPACES } from '#api/names.ts';
import { Sentinel } from '#constructs/sentinel/sentinel.ts';
import type { SentinelProps } from '#constructs/sentinel/sentinel-props.ts';
import type { Construct } from 'constructs';

export type SentinelStackProps = SentinelProps;

export class SentinelStack extends Chart {
  /** Where proxies send what they recorded: `config.ingestUrl` of the platform. */
  readonly ingestUrl: string;

  /** @throws InvalidConstructError with everything that is wrong */
  constructor(scope: Construct, id: string, props: SentinelStackProps) {
    super(scope, id, { namespace: NAMESPACES.sentinel, disableResourceNameHashes: true });
    this.ingestUrl = new Sentinel(this, 'sentinel', props).ingestUrl;
  }
}
