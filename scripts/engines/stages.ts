// How kwok plays nodes and pods. A node becomes ready; a pod that was scheduled runs and is ready a moment later, or
// does what its annotation says; a deleted pod goes away. The annotation may be changed while the pod runs.
import { stringify } from 'yaml';

/** Annotation of a pod that says what becomes of it; without it the pod becomes ready. */
export const OUTCOME_ANNOTATION = 'test.mcpruntime.org/outcome';

/** An image of the proxy that never becomes ready, whatever the pod's annotation says. */
export const BROKEN_PROXY_IMAGE = 'registry.example.org/mcp-runtime/proxy:broken';

const PROXY_IMAGE = '.spec.containers.[] | select( .name == "mcp-gateway" ) | .image';

/** Condition by which a pod says what it plays, so that a stage acts once. */
const PLAYED = 'test.mcpruntime.org/outcome';

export type Outcome =
  | 'ready'
  /** The server's image can't be pulled; the pod stays pending. */
  | 'image-pull-failed'
  /** The server's container ended with 1, three times, and waits. */
  | 'crash-loop'
  /** As before, but it was killed for its memory. */
  | 'oom-killed'
  /** All containers run, the server's is not ready. */
  | 'unready'
  /** All containers run, the proxy's is not ready. */
  | 'proxy-unready';

interface ContainerState {
  readonly ready: boolean;
  readonly started: boolean;
  readonly restartCount: number;
  readonly state: object;
  readonly lastState?: object;
}

interface Script {
  readonly phase: 'Pending' | 'Running';
  /** Of the container that is not the proxy's. */
  readonly server: ContainerState;
  readonly proxy: ContainerState;
}

const now = '{{ $now }}';
const running = { running: { startedAt: now } };
const well: ContainerState = { ready: true, started: true, restartCount: 0, state: running };
const unready: ContainerState = { ...well, ready: false };

function crashed(reason: string, exitCode: number): ContainerState {
  const message = 'back-off 40s restarting failed container';
  return {
    ready: false,
    started: false,
    restartCount: 3,
    state: { waiting: { reason: 'CrashLoopBackOff', message } },
    lastState: { terminated: { reason, exitCode, startedAt: now, finishedAt: now } },
  };
}

const pullFailed: ContainerState = {
  ready: false,
  started: false,
  restartCount: 0,
  state: {
    waiting: {
      reason: 'ImagePullBackOff',
      message: 'Back-off pulling image "{{ .image }}": ErrImagePull: the registry says: not found',
    },
  },
};

const SCRIPTS: Readonly<Record<Outcome, Script>> = {
  ready: { phase: 'Running', server: well, proxy: well },
  'image-pull-failed': { phase: 'Pending', server: pullFailed, proxy: well },
  'crash-loop': { phase: 'Running', server: crashed('Error', 1), proxy: well },
  'oom-killed': { phase: 'Running', server: crashed('OOMKilled', 137), proxy: well },
  unready: { phase: 'Running', server: unready, proxy: well },
  'proxy-unready': { phase: 'Running', server: well, proxy: unready },
};

/** Stages of all outcomes, as the file that kwok reads. */
export function stagesText(): string {
  const outcomes: readonly Outcome[] = [
    'ready',
    'image-pull-failed',
    'crash-loop',
    'oom-killed',
    'unready',
    'proxy-unready',
  ];
  const asked = outcomes.map((outcome) => {
    const fine: Expression = { key: PROXY_IMAGE, operator: 'NotIn', values: [BROKEN_PROXY_IMAGE] };
    return podPlays(outcome, `pod-${outcome}`, [asksFor(outcome), fine]);
  });
  const broken: Expression = { key: PROXY_IMAGE, operator: 'In', values: [BROKEN_PROXY_IMAGE] };
  const stages = [
    nodeReady,
    podDeleted,
    ...asked,
    podPlays('proxy-unready', 'pod-with-broken-proxy', [broken]),
  ];
  return stages.map((each) => stringify(each, { lineWidth: 0 })).join('---\n');
}

interface Expression {
  readonly key: string;
  readonly operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist';
  readonly values?: readonly string[];
}

function stage(
  name: string,
  kind: 'Node' | 'Pod',
  matchExpressions: readonly Expression[],
  next: object,
): object {
  return {
    apiVersion: 'kwok.x-k8s.io/v1alpha1',
    kind: 'Stage',
    metadata: { name },
    spec: { resourceRef: { apiGroup: 'v1', kind }, selector: { matchExpressions }, next },
  };
}

const nodeReady = stage(
  'node-ready',
  'Node',
  [
    {
      key: '.status.conditions.[] | select( .type == "Ready" ) | .status',
      operator: 'NotIn',
      values: ['True'],
    },
  ],
  {
    statusTemplate: `{{ $now := Now }}
conditions:
{{ range NodeConditions }}
- lastHeartbeatTime: {{ $now | Quote }}
  lastTransitionTime: {{ $now | Quote }}
  message: {{ .message | Quote }}
  reason: {{ .reason | Quote }}
  status: {{ .status | Quote }}
  type: {{ .type | Quote }}
{{ end }}
addresses:
- address: {{ NodeIP | Quote }}
  type: InternalIP
- address: {{ NodeName | Quote }}
  type: Hostname
nodeInfo:
  architecture: amd64
  bootID: ""
  containerRuntimeVersion: kwok
  kernelVersion: kwok
  kubeProxyVersion: kwok
  kubeletVersion: kwok
  machineID: ""
  operatingSystem: linux
  osImage: ""
  systemUUID: ""
phase: Running
`,
  },
);

const podDeleted = stage('pod-deleted', 'Pod', [{ key: '.metadata.deletionTimestamp', operator: 'Exists' }], {
  delete: true,
});

/** What the annotation of a pod says that plays this. */
function asksFor(outcome: Outcome): Expression {
  const key = `.metadata.annotations["${OUTCOME_ANNOTATION}"]`;
  if (outcome !== 'ready') return { key, operator: 'In', values: [outcome] };
  return { key, operator: 'NotIn', values: Object.keys(SCRIPTS).filter((each) => each !== 'ready') };
}

/** @param when which pods play it */
function podPlays(outcome: Outcome, name: string, when: readonly Expression[]): object {
  return stage(
    name,
    'Pod',
    [
      { key: '.metadata.deletionTimestamp', operator: 'DoesNotExist' },
      ...when,
      {
        key: `.status.conditions.[] | select( .type == "${PLAYED}" ) | .reason`,
        operator: 'NotIn',
        values: [outcome],
      },
    ],
    { statusTemplate: podStatus(outcome, SCRIPTS[outcome]) },
  );
}

function condition(type: string, holds: boolean): string {
  return `- type: ${type}
  status: "${holds ? 'True' : 'False'}"
  lastTransitionTime: {{ $now | Quote }}
  reason: ${holds ? 'null' : 'ContainersNotReady'}
  message: ${holds ? 'null' : 'containers with unready status'}
`;
}

/** Members of a container's status, as JSON, which is YAML too. */
function containerMembers(of: ContainerState): string {
  return Object.entries({ lastState: {}, ...of })
    .map(([name, value]) => `  ${name}: ${JSON.stringify(value)}\n`)
    .join('');
}

function podStatus(outcome: Outcome, { phase, server, proxy }: Script): string {
  const ready = server.ready && proxy.ready;
  return `{{ $now := Now }}
conditions:
${condition('Initialized', true)}${condition('ContainersReady', ready)}${condition('Ready', ready)}- type: ${PLAYED}
  status: "True"
  lastTransitionTime: {{ $now | Quote }}
  reason: ${outcome}
containerStatuses:
{{ range .spec.containers }}
- image: {{ .image | Quote }}
  imageID: ""
  name: {{ .name | Quote }}
{{ if eq .name "mcp-gateway" }}
${containerMembers(proxy)}{{ else }}
${containerMembers(server)}{{ end }}
{{ end }}
initContainerStatuses:
{{ range .spec.initContainers }}
- image: {{ .image | Quote }}
  imageID: ""
  name: {{ .name | Quote }}
  ready: true
  restartCount: 0
  {{ if eq (or .restartPolicy "") "Always" }}
  started: true
  state:
    running:
      startedAt: {{ $now | Quote }}
  {{ else }}
  state:
    terminated:
      exitCode: 0
      finishedAt: {{ $now | Quote }}
      reason: Completed
      startedAt: {{ $now | Quote }}
  {{ end }}
{{ end }}
{{ if not .status.podIP }}
{{ $podIPs := PodIPsWith .spec.nodeName ( or .spec.hostNetwork false ) ( or .metadata.uid "" ) ( or .metadata.name "" ) ( or .metadata.namespace "" ) }}
{{ with $podIPs }}
podIP: {{ index . 0 | Quote }}
podIPs:
- ip: {{ index . 0 | Quote }}
{{ end }}
{{ end }}
phase: ${phase}
startTime: {{ or .status.startTime $now | Quote }}
`;
}
