// Which template each Deployment of a server gets. Without a canary it is the current one. With a canary a change goes
// to the canary alone, until its author promotes or aborts it by naming its revision; what was promoted last is kept
// in a ControllerRevision, so that it survives the operator. Pure: gathering and writing are elsewhere.
import { createHash } from 'node:crypto';
import type { ResolvedRollout } from '#api/resolve.ts';

/** A pod template as JSON, rendered without what differs between the two Deployments. */
export type Template = Readonly<Record<string, unknown>>;

export interface TemplateRevision {
  /** Ten hex digits of the template's digest. */
  readonly revision: string;
  readonly template: Template;
}

export interface RolloutPlan {
  /** Template of the stable Deployment where it is not the current one. */
  readonly promoted?: Template | undefined;
  /** Template of the canary Deployment where it is not the current one: an aborted change. */
  readonly canaryIsPromoted: boolean;
  /** What has to be on record as promoted; absent without a canary. */
  readonly record?: TemplateRevision | undefined;
  /** Absent without a canary. */
  readonly status?:
    | {
        readonly stableRevision: string;
        readonly canaryRevision: string;
        readonly phase: 'Idle' | 'Progressing' | 'Aborted';
        readonly traffic: 'ReplicaRatio' | 'Weights';
      }
    | undefined;
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(members.map(([name, member]) => [name, sorted(member)]));
}

/** The revision of a template, independent of the order of its members. */
export function revisionOf(template: Template): TemplateRevision {
  const digest = createHash('sha256')
    .update(JSON.stringify(sorted(template)))
    .digest('hex');
  return { revision: digest.slice(0, 10), template };
}

const NO_CANARY: RolloutPlan = { canaryIsPromoted: false };

/** @param promoted what is on record; the first template of a server counts as promoted */
export function planRollout(
  rollout: ResolvedRollout,
  current: TemplateRevision,
  promoted: TemplateRevision | undefined,
): RolloutPlan {
  if (rollout.strategy !== 'Canary') return NO_CANARY;
  const isPromoted =
    promoted === undefined || promoted.revision === current.revision || rollout.promote === current.revision;
  const stable = isPromoted ? current : promoted;
  const pending = stable.revision !== current.revision;
  const aborted = pending && rollout.abort === current.revision;
  return {
    promoted: pending ? stable.template : undefined,
    canaryIsPromoted: aborted,
    record: stable,
    status: {
      stableRevision: stable.revision,
      canaryRevision: current.revision,
      phase: aborted ? 'Aborted' : pending ? 'Progressing' : 'Idle',
      traffic: rollout.traffic,
    },
  };
}
