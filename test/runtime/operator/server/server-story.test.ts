// What people read under a server in `kubectl describe`: what was done, what became of it, and nothing twice.
import { CONFIG_MAP } from '#runtime/policy-book/kinds.ts';
import { describe, expect, it } from '@jest/globals';
import type { McpServerStatus } from '#api/mcp-server.ts';
import type { KubeObject } from '#runtime/kube/object.ts';
import type { ChildChange } from '#runtime/operator/server/apply-children.ts';
import { DEPLOYMENT, SERVICE } from '#runtime/operator/kinds.ts';
import { ServerStory } from '#runtime/operator/server/server-story.ts';

const SERVER: KubeObject = {
  apiVersion: 'mcpruntime.org/v1alpha1',
  kind: 'MCPServer',
  metadata: { name: 'notes' },
};

/** Events in the order in which they were told: `Normal Ready: it runs`. */
function story() {
  const lines: string[] = [];
  const teller = new ServerStory({
    record: (_server, { type, reason, note }) => void lines.push(`${type} ${reason}: ${note}`),
  });
  return { teller, lines };
}

interface Said {
  readonly phase: NonNullable<McpServerStatus['phase']>;
  readonly reason?: string;
  readonly generation?: number;
  readonly ignored?: string;
}

function status({ phase, reason = 'Waiting', generation = 1, ignored }: Said): McpServerStatus {
  const isReady = phase === 'Ready' || phase === 'Suspended';
  const condition = (type: string, holds: boolean, why: string, message: string) => ({
    type,
    status: holds ? ('True' as const) : ('False' as const),
    reason: why,
    message,
    lastTransitionTime: '2026-01-01T12:00:00Z',
    observedGeneration: generation,
  });
  return {
    observedGeneration: generation,
    phase,
    message: `it is ${phase}.`,
    conditions: [
      condition('Ready', isReady, isReady ? 'Observed' : reason, `it is ${phase}.`),
      condition('SpecHonoured', ignored === undefined, 'PartlyIgnored', ignored ?? 'All has its effect.'),
    ],
  };
}

/** What a way through several states tells. */
function told(...way: readonly (Said | undefined)[]): readonly string[] {
  const { teller, lines } = story();
  way.forEach((after, index) => {
    const before = index === 0 ? undefined : way[index - 1];
    if (after !== undefined)
      teller.told(SERVER, before === undefined ? undefined : status(before), status(after));
  });
  return lines;
}

describe('what was done to children', () => {
  const change = (changes: Partial<ChildChange>): ChildChange => ({
    type: DEPLOYMENT,
    name: 'notes',
    action: 'created',
    differences: [],
    ...changes,
  });

  it('is one event for each way, in which all children are named', () => {
    const { teller, lines } = story();
    teller.changed(SERVER, [
      change({}),
      change({ type: SERVICE }),
      change({ type: CONFIG_MAP, name: 'notes-gateway-policy', action: 'deleted' }),
    ]);
    expect(lines).toEqual([
      'Normal Created: Deployment notes, Service notes.',
      'Normal Deleted: ConfigMap notes-gateway-policy.',
    ]);
  });

  it('says where it was changed, as people write paths, a few of many', () => {
    const { teller, lines } = story();
    const container = 'spec.template.spec.containers[{"name":"notes"}]';
    const differences = [
      `${container}.image: differs`,
      `${container}.env[{"name":"HOST"}]: no longer wanted`,
      'spec.ports[{"port":80,"protocol":"TCP"}].targetPort: differs',
      'metadata.annotations: no longer wanted',
      'metadata.labels.app: missing',
    ];
    teller.changed(SERVER, [change({ action: 'applied', differences })]);
    const paths =
      'spec.template.spec.containers[notes].image, spec.template.spec.containers[notes].env[HOST]';
    expect(lines).toEqual([
      `Normal Updated: Deployment notes (${paths}, spec.ports[80/TCP].targetPort and 2 more).`,
    ]);
  });

  it('is nothing where nothing was done', () => {
    const { teller, lines } = story();
    teller.changed(SERVER, []);
    expect(lines).toEqual([]);
  });
});

describe('what became of a server', () => {
  it('that starts well is told when it is ready, and not before', () => {
    expect(told({ phase: 'Pending' }, { phase: 'PartiallyReady' }, { phase: 'Ready' })).toEqual([
      'Normal Ready: it is Ready.',
    ]);
  });

  it('is a warning with the reason of the condition where something is wrong, once as long as it is', () => {
    const crash = { phase: 'PartiallyReady', reason: 'CrashLooping' } as const;
    expect(told({ phase: 'Pending' }, crash, crash, { phase: 'Ready' })).toEqual([
      'Warning CrashLooping: it is PartiallyReady.',
      'Normal Ready: it is Ready.',
    ]);
  });

  it('is told again where it is given up', () => {
    const trouble = { phase: 'PartiallyReady', reason: 'ImagePullFailed' } as const;
    expect(told(trouble, { ...trouble, phase: 'Error' })).toEqual([
      'Warning ImagePullFailed: it is PartiallyReady.',
      'Warning ImagePullFailed: it is Error.',
    ]);
  });

  it('that was ready is a warning, unless its author changed it', () => {
    expect(told({ phase: 'Ready' }, { phase: 'PartiallyReady', reason: 'ReadinessFailing' })).toEqual([
      'Normal Ready: it is Ready.',
      'Warning NotReady: it is PartiallyReady.',
    ]);
    expect(told({ phase: 'Ready' }, { phase: 'PartiallyReady', generation: 2 })).toEqual([
      'Normal Ready: it is Ready.',
      'Normal Reconciling: it is PartiallyReady.',
    ]);
  });

  it('that can not be carried out is told for each spec', () => {
    const refused = { phase: 'Error', reason: 'InvalidSpec' } as const;
    expect(told(refused, refused, { ...refused, generation: 2 })).toEqual([
      'Warning InvalidSpec: it is Error.',
      'Warning InvalidSpec: it is Error.',
    ]);
  });

  it('that is suspended is no warning', () => {
    expect(told({ phase: 'Ready' }, { phase: 'Suspended', generation: 2 })).toEqual([
      'Normal Ready: it is Ready.',
      'Normal Suspended: it is Suspended.',
    ]);
  });
});

describe('what of a spec has no effect', () => {
  it('is told once as long as it stays the same', () => {
    const ignored = 'spec.tools[1].sideEffect is missing.';
    expect(
      told({ phase: 'Pending', ignored }, { phase: 'PartiallyReady', ignored }, { phase: 'PartiallyReady' }),
    ).toEqual([`Warning SpecWarning: ${ignored}`]);
  });
});
