// Makes the cluster hold what was rendered for one server: each child applied where it differs, in order, and what the
// server owns beyond that removed. A child that is refused is noted and the next one is tried, but for the policy:
// pods wait for it, so nothing of a new template goes out before it.
import { FIELD_MANAGERS } from '#api/names.ts';
import type { Permission } from '#api/permission.ts';
import type { Manifest } from '#constructs/kit/manifest.ts';
import { applyIfDifferent } from '#runtime/kube/apply.ts';
import { isKubeError, type Kube } from '#runtime/kube/kube.ts';
import { takeOver } from '#runtime/kube/managed-fields.ts';
import { LearntDefaults } from '#runtime/kube/server-defaults.ts';
import { apiVersionOf, keyText, type KubeObject, type ResourceType } from '#runtime/kube/object.ts';
import { CONFIG_MAP } from '#runtime/policy-book/kinds.ts';
import { AUTOSCALER, CHILD_TYPES, DEPLOYMENT } from '../kinds.ts';
import type { LiveObjects } from './live-objects.ts';
import { withoutForeign } from './policy-map.ts';
import { applyHandover, handoverStep } from './replica-handover.ts';
import type { ApplyFailure } from './status/observed-server.ts';

export const PERMISSIONS: readonly Permission[] = CHILD_TYPES.map(({ group, resource }) => ({
  group,
  resource,
  // A server-side apply that makes an object is a patch that has to be allowed to create.
  verbs: ['create', 'patch', 'delete'],
  reason: 'Children of servers are made, kept as they are wanted, and removed with what they are for.',
}));

/** What was done to one child. */
export interface ChildChange {
  readonly type: ResourceType;
  readonly name: string;
  readonly action: 'created' | 'applied' | 'taken over' | 'deleted';
  /** Paths that differed. */
  readonly differences: readonly string[];
}

export interface ApplyReport {
  readonly changes: readonly ChildChange[];
  readonly failures: readonly ApplyFailure[];
  /** What was thrown, for whoever decides when to try again. */
  readonly errors: readonly unknown[];
}

export interface ChildApplierOptions {
  readonly kube: Kube;
  readonly live: LiveObjects;
  /** Field managers of an operator that ran before. */
  readonly legacyManagers: readonly string[];
  readonly now: () => number;
  readonly onApply?: (kind: string, result: string) => void;
}

export interface ApplyInput {
  /** Uid of the server. */
  readonly owner: string;
  readonly desired: readonly Manifest[];
  /** Whether the server has further children, so that nothing is removed. @default false */
  readonly isPart?: boolean;
  readonly signal: AbortSignal;
}

interface Orphan {
  readonly type: ResourceType;
  readonly object: KubeObject;
}

export function typeOf(manifest: Manifest): ResourceType {
  const found = CHILD_TYPES.find(
    (type) => type.kind === manifest.kind && apiVersionOf(type) === manifest.apiVersion,
  );
  if (found === undefined)
    throw new TypeError(`${manifest.apiVersion} ${manifest.kind} is no kind of a child`);
  return found;
}

export class ChildApplier {
  private readonly options: ChildApplierOptions;
  private readonly learnt = new LearntDefaults();

  constructor(options: ChildApplierOptions) {
    this.options = options;
  }

  async apply(input: ApplyInput): Promise<ApplyReport> {
    const changes: ChildChange[] = [];
    const failures: ApplyFailure[] = [];
    const errors: unknown[] = [];
    const fail = (child: string, error: unknown): void => {
      errors.push(error);
      failures.push(this.failure(child, error));
    };
    const remove = async ({ type, object }: Orphan): Promise<void> => {
      try {
        changes.push(...(await this.remove(type, object, input.signal)));
      } catch (error) {
        fail(`${type.kind} ${object.metadata.name}`, error);
      }
    };
    const orphans = input.isPart === true ? [] : this.orphans(input);
    // An autoscaler goes first: it would undo the number of pods that is asked for now.
    for (const orphan of orphans) if (orphan.type === AUTOSCALER) await remove(orphan);
    for (const manifest of input.desired) {
      const type = typeOf(manifest);
      try {
        changes.push(...(await this.applyOne(type, manifest, input.signal)));
      } catch (error) {
        fail(`${type.kind} ${manifest.metadata.name}`, error);
        this.options.onApply?.(type.kind, 'failed');
        if (type === CONFIG_MAP || isKubeError(error, 'namespace_terminating', 'unavailable', 'timeout'))
          break;
      }
    }
    if (failures.length === 0)
      for (const orphan of orphans) if (orphan.type !== AUTOSCALER) await remove(orphan);
    return { changes, failures, errors };
  }

  private failure(child: string, error: unknown): ApplyFailure {
    const message = error instanceof Error ? error.message : String(error);
    const code = isKubeError(error) ? error.code : 'unavailable';
    return { child, code, message, at: new Date(this.options.now()).toISOString() };
  }

  private async applyOne(
    type: ResourceType,
    manifest: Manifest,
    signal: AbortSignal,
  ): Promise<readonly ChildChange[]> {
    const { kube, live: objects, legacyManagers, onApply } = this.options;
    const { name } = manifest.metadata;
    const changes: ChildChange[] = [];
    let live = objects.get(type, manifest.metadata);
    if (live !== undefined) {
      const taken = await takeOver(
        kube,
        type,
        live,
        { from: legacyManagers, to: FIELD_MANAGERS.operator },
        signal,
      );
      if (taken !== live) changes.push({ type, name, action: 'taken over', differences: [] });
      live = taken;
    }
    if (live !== undefined && type === DEPLOYMENT) {
      const step = handoverStep(manifest, live);
      if (step !== 'none') live = await applyHandover(kube, step, live, signal);
    }
    const manager = FIELD_MANAGERS.operator;
    if (live !== undefined && type === CONFIG_MAP) {
      const body = withoutForeign(manifest, live);
      if (body !== undefined) {
        live = await kube.patch(type, live.metadata, { type: 'merge', body, manager }, signal);
        changes.push({ type, name, action: 'applied', differences: Object.keys(body) });
      }
    }
    const applied = await applyIfDifferent(kube, type, manifest, live, manager, signal, this.learnt);
    if (applied.object !== live || changes.length > 0) objects.wrote(type, applied.object);
    onApply?.(type.kind, applied.result);
    if (applied.result === 'unchanged') return changes;
    return [...changes, { type, name, action: applied.result, differences: applied.differences }];
  }

  /** What the server owns and what was not rendered for it. */
  private orphans({ owner, desired }: ApplyInput): readonly Orphan[] {
    const wanted = new Set(desired.map((manifest) => `${manifest.kind} ${keyText(manifest.metadata)}`));
    return CHILD_TYPES.flatMap((type) =>
      this.options.live
        .ownedBy(type, owner)
        .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
        .filter(({ metadata }) => !wanted.has(`${type.kind} ${keyText(metadata)}`))
        .map((object) => ({ type, object })),
    );
  }

  private async remove(
    type: ResourceType,
    object: KubeObject,
    signal: AbortSignal,
  ): Promise<readonly ChildChange[]> {
    const { uid, name } = object.metadata;
    const deleted = await this.options.kube.delete(type, object.metadata, { uid }, signal);
    this.options.onApply?.(type.kind, 'deleted');
    return deleted ? [{ type, name, action: 'deleted', differences: [] }] : [];
  }
}
