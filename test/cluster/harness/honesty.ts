// Looks at a server again and again while something happens to it, and notes every moment at which its status claims
// more than there is. A look counts only where the server was the same before and after it: then what its status says
// has to hold of the pods, ReplicaSets, the Deployment and the ConfigMap that were seen in between.
import { setTimeout as sleep } from 'node:timers/promises';
import { MCPServer, type McpServerStatus } from '#api/mcp-server.ts';
import { kstatusOf } from '#test/runtime/operator/server/status/kstatus.ts';
import { cluster } from './cluster.ts';
import { at, byName, items, type KubeObject } from './objects.ts';

const PROXY = 'mcp-gateway';

interface Look {
  readonly generation: number;
  readonly gatewayOn: boolean;
  readonly status: McpServerStatus;
  /** Pods of the newest ReplicaSet. */
  readonly pods: readonly KubeObject[];
  readonly deployment: KubeObject | undefined;
  readonly policy: KubeObject | undefined;
}

type Rule = (look: Look) => string | undefined;

const condition = ({ status }: Look, type: string) => status.conditions?.find((each) => each.type === type);

const holds = (look: Look, type: string) => condition(look, type)?.status === 'True';

const said = (look: Look, type: string) => {
  const found = condition(look, type);
  return `${found?.status ?? 'absent'} ${found?.reason ?? ''}`;
};

const isOfThisSpec = ({ status, generation }: Look) => status.observedGeneration === generation;

const containersOf = (deployment: KubeObject | undefined) =>
  items(deployment, 'spec', 'template', 'spec', 'containers');

function isReadyBehindProxy(pod: KubeObject): boolean {
  const ready = items(pod, 'status', 'conditions').some(
    (each) => at(each, 'type') === 'Ready' && at(each, 'status') === 'True',
  );
  const proxy = byName(items(pod, 'status', 'containerStatuses'), PROXY);
  return ready && pod.metadata.deletionTimestamp === undefined && at(proxy, 'ready') === true;
}

const gatewayIsThere: Rule = (look) => {
  if (!isOfThisSpec(look) || look.status.gatewayReady !== true) return undefined;
  if (byName(containersOf(look.deployment), PROXY) === undefined)
    return 'ready without a proxy in the template';
  return look.pods.some(isReadyBehindProxy) ? undefined : 'ready without a ready pod that runs the proxy';
};

const offIsOff: Rule = (look) => {
  if (!isOfThisSpec(look) || look.gatewayOn) return undefined;
  const { gatewayReady, policyReady, policyRevision } = look.status;
  if (gatewayReady === true || policyReady === true) return 'off, and ready all the same';
  const reasons = `${said(look, 'GatewayReady')}, ${said(look, 'PolicyReady')}`;
  if (reasons !== 'False GatewayDisabled, False PolicyDisabled') return `off, and says ${reasons}`;
  if (policyRevision !== undefined) return 'off, and names a policy';
  if (look.policy !== undefined) return 'off, and there is a policy';
  return containersOf(look.deployment).length === 1 ? undefined : 'off, and the template has a proxy';
};

const booleansAreConditions: Rule = (look) => {
  const { status } = look;
  const pairs = [
    [status.deploymentReady, 'DeploymentReady'],
    [status.serviceReady, 'ServiceReady'],
    [status.ingressReady, 'IngressReady'],
    [status.gatewayReady, 'GatewayReady'],
    [status.policyReady, 'PolicyReady'],
  ] as const;
  const other =
    status.conditions === undefined ? undefined : pairs.find(([value, type]) => value !== holds(look, type));
  return other === undefined ? undefined : `${other[1]} and its boolean differ`;
};

/** Exactly one of the three holds, and tools that follow kstatus come to the same as people. */
const kstatusAgrees: Rule = (look) => {
  if (look.status.conditions === undefined) return undefined;
  const three = ['Ready', 'Reconciling', 'Stalled'].filter((type) => holds(look, type));
  if (three.length !== 1) return `of Ready, Reconciling and Stalled these hold: ${three.join(', ')}`;
  const isCurrent = kstatusOf(look) === 'Current';
  if (isCurrent !== (isOfThisSpec(look) && holds(look, 'Ready'))) return 'kstatus and Ready differ';
  if (!isCurrent) return undefined;
  const { phase, gatewayReady, policyReady } = look.status;
  if (phase !== 'Ready' && phase !== 'Suspended') return `current in phase ${phase ?? 'none'}`;
  const lacks = phase === 'Ready' && look.gatewayOn && !(gatewayReady === true && policyReady === true);
  return lacks ? 'current without its gateway or policy' : undefined;
};

/** What people read says the same as the conditions. */
const messageSaysIt: Rule = (look) => {
  const { phase, message = '' } = look.status;
  if (!isOfThisSpec(look) || phase !== 'Ready') return undefined;
  const governed = message.includes(' behind proxy ') && !message.includes(' without a ');
  return governed === look.gatewayOn ? undefined : 'its message is not of its gateway';
};

const RULES: readonly Rule[] = [
  gatewayIsThere,
  offIsOff,
  booleansAreConditions,
  kstatusAgrees,
  messageSaysIt,
];

const revisionOf = (replicaSet: KubeObject) =>
  Number(replicaSet.metadata.annotations?.['deployment.kubernetes.io/revision'] ?? 0);

const ownersOf = ({ metadata }: KubeObject) =>
  items(metadata, 'ownerReferences').map((owner) => at(owner, 'uid'));

export class HonestyWatch {
  /** What was claimed and did not hold, each once. */
  readonly lies = new Set<string>();
  /** Looks that counted. */
  looks = 0;
  private readonly namespace: string;
  private readonly name: string;
  private readonly ending = new AbortController();
  private watching: Promise<void> = Promise.resolve();

  constructor(namespace: string, name: string) {
    this.namespace = namespace;
    this.name = name;
  }

  start(): void {
    this.watching = this.watch();
  }

  /** Throws what went wrong while looking. */
  async stop(): Promise<void> {
    this.ending.abort();
    await this.watching;
  }

  private async watch(): Promise<void> {
    while (!this.ending.signal.aborted) {
      const look = await this.look();
      if (look !== undefined) {
        this.looks += 1;
        for (const rule of RULES) {
          const lie = rule(look);
          if (lie !== undefined) this.lies.add(`${lie}: ${JSON.stringify(look.status)}`);
        }
      }
      await sleep(20);
    }
  }

  private async look(): Promise<Look | undefined> {
    const { namespace, name } = this;
    const before = await this.server();
    if (before === undefined) return undefined;
    const [all, replicaSets, deployment, policy] = await Promise.all([
      cluster().list('Pod', namespace, `app=${name}`),
      cluster().list('ReplicaSet', namespace, `app=${name}`),
      cluster().get('Deployment', name, namespace),
      cluster().get('ConfigMap', `${name}-gateway-policy`, namespace),
    ]);
    const after = await this.server();
    if (after?.metadata.resourceVersion !== before.metadata.resourceVersion) return undefined;
    const newest = replicaSets.toSorted((a, b) => revisionOf(b) - revisionOf(a))[0]?.metadata.uid;
    const pods = all.filter((pod) => ownersOf(pod).includes(newest));
    const status = MCPServer.status.parse(before['status'] ?? { observedGeneration: -1 });
    const gatewayOn = at(before, 'spec', 'gateway', 'enabled') === true;
    return { generation: before.metadata.generation ?? 0, gatewayOn, status, pods, deployment, policy };
  }

  private server(): Promise<KubeObject | undefined> {
    return cluster().get('MCPServer', this.name, this.namespace);
  }
}
