// One server: gather, render, apply, observe, status. Level-based: it looks at what is, not at what happened, so it may
// be run at any time and as often as one likes; a run that finds everything as it should be writes nothing. The spec is
// never written.
import type { McpServer, McpServerStatus } from '#api/mcp-server.ts';
import { serverObjectNames } from '#api/names.ts';
import type { Permission } from '#api/permission.ts';
import { resolve } from '#api/resolve.ts';
import type { Problem } from '#api/result.ts';
import { policyObject } from '#constructs/server/mcp-server-workload.ts';
import type { PolicyDocument } from '#policy/document.ts';
import type { Outcome, ReconcileContext } from '#runtime/kube/controller.ts';
import { keyOfText, keyText, type KubeObject } from '#runtime/kube/object.ts';
import { CONFIG_MAP, SERVER } from '#runtime/policy-book/kinds.ts';
import type { PolicyBook } from '#runtime/policy-book/policy-book.ts';
import type { AcknowledgementSource } from '../acknowledgements.ts';
import { DEPLOYMENT } from '../kinds.ts';
import type { GatewayKeysKeeper } from '../keys/gateway-keys.ts';
import { isOwnedBy } from '../keys/keys-secret.ts';
import { keysStep, type KeysStep } from '../keys/keys-step.ts';
import type { ChildApplier } from './apply-children.ts';
import { observeServer, type ObservingCaches, type Pass } from './observe.ts';
import { outcomeOf } from './outcome.ts';
import { isOutdated, isPolicy, policyStep, withKeptPolicy } from './policy-step.ts';
import { prepare, recordRevocations, type Preparations } from './prepare.ts';
import type { Renderer, Rendering } from './render.ts';
import type { RouteBook } from './routes.ts';
import { invalidServerStatus, serverStatus } from './status/server-status.ts';
import { isWell, podsRun, previousStatus, readySince } from './status/written-status.ts';
import { writeServerStatus, type StatusOutlet } from './write-status.ts';

export const PERMISSIONS: readonly Permission[] = [
  {
    group: SERVER.group,
    resource: `${SERVER.resource}/finalizers`,
    verbs: ['update'],
    reason:
      'Children block the deletion of their server, for which clusters with OwnerReferencesPermissionEnforcement ask.',
  },
];

export interface ServerControllerOptions extends Preparations, StatusOutlet {
  readonly caches: ObservingCaches;
  readonly book: PolicyBook;
  readonly renderer: Renderer;
  readonly routes: RouteBook;
  readonly applier: ChildApplier;
  readonly acknowledgements: AcknowledgementSource;
  readonly keys: GatewayKeysKeeper;
  /** How often a server that is not ready is looked at without an event. */
  readonly requeueMs: number;
  readonly nowMs: () => number;
}

const DONE: Outcome = { kind: 'done' };
/** After a conflict the cache is behind; by then it has caught up. */
const BEHIND: Outcome = { kind: 'again', afterMs: 200 };
/** How often a proxy that waits for its turn asks. */
const WAVE_MS = 10_000;

interface PassInput {
  readonly raw: KubeObject;
  readonly server: McpServer;
  readonly document: PolicyDocument | undefined;
  readonly signal: AbortSignal;
}

export class ServerController {
  private readonly options: ServerControllerOptions;

  constructor(options: ServerControllerOptions) {
    this.options = options;
  }

  async reconcile(key: string, { signal }: ReconcileContext): Promise<Outcome> {
    const { book, caches, keys } = this.options;
    const raw = caches.live.get(SERVER, keyOfText(key));
    if (raw === undefined || raw.metadata.deletionTimestamp !== undefined) {
      keys.forget(key);
      return DONE;
    }
    const { server, compiled, problems = [] } = book.of(key);
    if (server === undefined) return await this.refuse(raw, problems, signal);
    return await this.pass({ raw, server, document: compiled?.document, signal });
  }

  private async pass({ raw, server, document, signal }: PassInput): Promise<Outcome> {
    const { renderer, applier, caches, story, routes, requeueMs, nowMs } = this.options;
    const rendered = renderer.render(server, document);
    if (!rendered.ok) {
      await this.keepPolicy({ raw, server, document, signal });
      return await this.refuseToRender({ raw, server, document, signal }, rendered.error);
    }
    const rendering = rendered.value;
    const policy = policyStep(server, document, caches.live, nowMs());
    const early = await prepare(this.options, raw, rendering, signal);
    const keys = await this.keepKeys(raw, rendering, signal);
    const isHeldBack = keys.errors.length > 0;
    const objects = isHeldBack ? rendering.objects.filter(isPolicy) : rendering.objects;
    const report = await applier.apply({
      owner: raw.metadata.uid ?? '',
      desired: withKeptPolicy(objects, policy),
      isPart: isHeldBack,
      signal,
    });
    story.changed(raw, [...keys.changes, ...report.changes]);
    const { status, lookAgainMs } = this.statusOf(raw, server, document, rendering, {
      failures: [...keys.failures, ...report.failures],
      warnings: rendering.warnings,
      routeConflict: routes.conflictOf(keyText(raw.metadata)),
      rollout: rendering.rollout,
      ingressStrategy: rendering.ingressStrategy,
      policyDueMs: policy.dueMs,
    });
    if ((await writeServerStatus(this.options, raw, status, signal)) === 'behind') return BEHIND;
    return outcomeOf({
      errors: [...early, ...keys.errors, ...report.errors],
      isReady: isWell(status),
      unreadyForMs: nowMs() - (readySince(status) ?? nowMs()),
      lookAgainMs: [
        lookAgainMs,
        keys.lookAgainMs,
        policy.dueMs,
        rendering.waitsForWave ? WAVE_MS : undefined,
      ],
      requeueMs,
    });
  }

  /** Writes the policy of a server that runs and can't be rendered any more: what was revoked has to bite all the same. */
  private async keepPolicy({ raw, server, document, signal }: PassInput): Promise<void> {
    const { caches, applier, config } = this.options;
    if (document === undefined || !isOutdated(server, document, caches.live)) return;
    const recorded = await recordRevocations(this.options, raw, signal);
    const desired = [policyObject({ server, config }, document)];
    const { errors } = await applier.apply({ owner: raw.metadata.uid ?? '', desired, isPart: true, signal });
    const failures = [...errors, ...recorded];
    if (failures.length > 0) throw new AggregateError(failures, 'the policy could not be written');
  }

  /** Before the pods, which wait for them. What is left of a gateway tells that there were some. */
  private async keepKeys(raw: KubeObject, { resolved }: Rendering, signal: AbortSignal): Promise<KeysStep> {
    const { keys, caches, nowMs } = this.options;
    const { namespace, name } = resolved;
    const names = serverObjectNames(name);
    const map = caches.live.get(CONFIG_MAP, { namespace, name: names.policyConfigMap });
    const deployment = caches.live.get(DEPLOYMENT, { namespace, name: names.deployment });
    const isLeft = map !== undefined && isOwnedBy(map, raw);
    return await keysStep(keys, {
      server: raw,
      gateway: resolved.gateway !== undefined ? 'on' : isLeft ? 'switched off' : 'off',
      pods: { podsRun: podsRun(previousStatus(raw)), isNew: deployment === undefined },
      nowMs: nowMs(),
      signal,
    });
  }

  private statusOf(
    raw: KubeObject,
    server: McpServer,
    document: PolicyDocument | undefined,
    { resolved }: Pick<Rendering, 'resolved'>,
    pass: Pass,
  ): ReturnType<typeof serverStatus> {
    const { caches, acknowledgements, config, nowMs } = this.options;
    const observed = observeServer(server, resolved, caches, acknowledgements, pass);
    return serverStatus({
      server,
      resolved,
      config,
      desiredRevision: document?.revision,
      observed,
      previous: previousStatus(raw),
      nowMs: nowMs(),
    });
  }

  /** What the installation lacks is said beside what still runs; any other problem is the spec's own. */
  private async refuseToRender(
    { raw, server, document, signal }: PassInput,
    problems: readonly Problem[],
  ): Promise<Outcome> {
    const { config, routes } = this.options;
    const resolved = resolve(server, config);
    if (resolved.problems.length === 0) return await this.refuse(raw, problems, signal);
    const { status } = this.statusOf(
      raw,
      server,
      document,
      { resolved },
      {
        failures: [],
        warnings: [],
        routeConflict: routes.conflictOf(keyText(raw.metadata)),
        rollout: undefined,
        ingressStrategy: undefined,
        policyDueMs: undefined,
      },
    );
    return await this.tell(raw, status, signal);
  }

  /** A spec that can't be carried out: nothing is touched, and status says what is wrong. */
  private async refuse(raw: KubeObject, problems: readonly Problem[], signal: AbortSignal): Promise<Outcome> {
    const generation = raw.metadata.generation ?? 0;
    const status = invalidServerStatus(generation, problems, previousStatus(raw), this.options.nowMs());
    return await this.tell(raw, status, signal);
  }

  private async tell(raw: KubeObject, status: McpServerStatus, signal: AbortSignal): Promise<Outcome> {
    const written = await writeServerStatus(this.options, raw, status, signal);
    return written === 'behind' ? BEHIND : DONE;
  }
}
