// What takes, keeps and shows the events of a cluster, in its embedded profile: one program with its log and its store on
// one volume. It lives in a namespace of its own, because what it holds is nobody's business but its readers'.
import { App, Chart } from 'cdk8s';
import { NAMESPACES } from '#api/names.ts';
import { clusterScoped } from '#constructs/kit/cluster-scoped.ts';
import { constructPath, InvalidConstructError } from '#constructs/kit/invalid-construct-error.ts';
import { KubeNamespace } from '#constructs/kit/kubernetes.ts';
import { manifestsOf, type Manifest } from '#constructs/kit/manifest.ts';
import { addDefaultDeny, DEFAULT_DENY } from '#constructs/kit/network.ts';
import { RESTRICTED_NAMESPACE } from '#constructs/kit/security.ts';
import { Construct } from 'constructs';
import { addSentinelAccount } from './account.ts';
import { addBackupVolume } from './backups.ts';
import { clusterMetadata, ingestUrl, sentinelMetadata } from './names.ts';
import { addNetworkPolicy, addService } from './network.ts';
import { sentinelProblems } from './sentinel-problems.ts';
import { DEFAULT_CLUSTER_DOMAIN, type SentinelProps } from './sentinel-props.ts';
import { addSentinelStatefulSet } from './stateful-set.ts';

export class Sentinel extends Construct {
  /** Where proxies send what they recorded: `config.ingestUrl` of the platform. */
  readonly ingestUrl: string;

  /** @throws InvalidConstructError with everything that is wrong */
  constructor(scope: Construct, id: string, props: SentinelProps) {
    const problems = sentinelProblems(props);
    if (problems.length > 0) throw new InvalidConstructError('Sentinel', constructPath(scope, id), problems);
    super(scope, id);
    this.ingestUrl = ingestUrl(props.clusterDomain ?? DEFAULT_CLUSTER_DOMAIN);
    const { name, labels } = clusterMetadata(NAMESPACES.sentinel);
    const metadata = { name, labels: { ...labels, ...RESTRICTED_NAMESPACE } };
    clusterScoped(new KubeNamespace(this, 'namespace', { metadata }));
    addSentinelAccount(this);
    addDefaultDeny(this, sentinelMetadata(DEFAULT_DENY));
    addNetworkPolicy(this, props);
    addService(this);
    if (props.backup !== undefined) addBackupVolume(this, props.backup);
    addSentinelStatefulSet(this, props);
  }
}

/** The objects of a sentinel as plain data, in the order in which they are applied. @throws InvalidConstructError */
export function sentinelObjects(props: SentinelProps): readonly Manifest[] {
  const chart = new Chart(new App(), 'sentinel', { disableResourceNameHashes: true });
  return manifestsOf(new Sentinel(chart, 'sentinel', props));
}
