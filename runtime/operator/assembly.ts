// What works on servers, grants and sessions, put together over the caches. Wiring and nothing else; what is decided is
// decided in the rooms below.
import { randomBytes } from 'node:crypto';
import { Controller, type Reconcile } from '#runtime/kube/controller.ts';
import { EventRecorder } from '#runtime/kube/events.ts';
import type { Kube } from '#runtime/kube/kube.ts';
import { SERVER } from '#runtime/policy-book/kinds.ts';
import type { Clock } from '#runtime/process/clock.ts';
import type { Log } from '#runtime/process/log.ts';
import { GrantController } from './access/grant-controller.ts';
import { SessionController } from './access/session-controller.ts';
import { Tombstones } from './access/tombstones.ts';
import type { AcknowledgementSource } from './acknowledgements.ts';
import type { OperatorCaches } from './caches.ts';
import type { OperatorSettings } from './config.ts';
import { DEPLOYMENT } from './kinds.ts';
import type { OperatorMetrics } from './metrics.ts';
import { PolicyBook } from '#runtime/policy-book/policy-book.ts';
import { GatewayKeysKeeper } from './keys/gateway-keys.ts';
import { ChildApplier } from './server/apply-children.ts';
import { LiveObjects } from './server/live-objects.ts';
import { ProxyWaves } from './server/proxy-waves.ts';
import { PullSecrets } from './server/pull-secret.ts';
import { Renderer } from './server/render.ts';
import { RouteBook } from './server/routes.ts';
import { ServerController } from './server/server-controller.ts';
import { ServerStory } from './server/server-story.ts';
import { TrustKeeper } from './trust/trust-keeper.ts';
import { TrustMaps } from './trust/trust-maps.ts';
import { Wiring } from './wiring.ts';

export interface AssemblyOptions {
  readonly kube: Kube;
  readonly caches: OperatorCaches;
  readonly settings: OperatorSettings;
  readonly acknowledgements: AcknowledgementSource;
  readonly metrics: OperatorMetrics;
  readonly clock: Clock;
  readonly log: Log;
}

export interface Assembly {
  readonly controllers: readonly Controller[];
  readonly tombstones: Tombstones;
  /** Absent where there are no distributors to trust. */
  readonly trust: TrustKeeper | undefined;
  /** Asks for what happened before this replica worked. */
  catchUp(): void;
}

/**
 * Objects worked on at once: while the API server answers for some, the next is rendered. Servers first: what runs and
 * who is denied doesn't wait for what grants and sessions say of themselves.
 */
const CONCURRENCY = { servers: 12, grants: 2, sessions: 2 } as const;

/** What decides and writes for servers. */
function serverController(
  options: AssemblyOptions,
  parts: {
    book: PolicyBook;
    routes: RouteBook;
    story: ServerStory;
    tombstones: Tombstones;
    trustMaps: TrustMaps;
  },
): ServerController {
  const { kube, caches, settings, acknowledgements, metrics, clock, log } = options;
  const { config, registryCredentials: credentials } = settings;
  const deployments = caches.children.get(DEPLOYMENT);
  if (deployments === undefined) throw new TypeError('Deployments are not watched');
  const live = new LiveObjects(new Map([...caches.children, [SERVER, caches.servers]]));
  const waves = new ProxyWaves(deployments);
  const pullSecretName = config.provisionedPullSecret;
  return new ServerController({
    ...parts,
    kube,
    config,
    caches: { ...caches, live },
    renderer: new Renderer({ caches: { ...caches, live }, config, waves, routes: parts.routes }),
    applier: new ChildApplier({
      kube,
      live,
      legacyManagers: settings.legacyManagers,
      now: () => clock.nowMs(),
      onApply: (kind, result) => metrics.applied(kind, result),
    }),
    acknowledgements,
    sessions: caches.sessions,
    keys: new GatewayKeysKeeper({
      kube,
      rotateAfterMs: settings.keysRotateAfterMs,
      clock,
      randomBytes,
      onReplaced: (server, note) => parts.story.keysReplaced(server, note),
      log,
    }),
    pullSecrets:
      credentials === undefined || pullSecretName === undefined
        ? undefined
        : new PullSecrets({ kube, credentials, name: pullSecretName, nowMs: () => clock.monotonicMs() }),
    requeueMs: settings.requeueMs,
    nowMs: () => clock.nowMs(),
  });
}

export function assemble(options: AssemblyOptions): Assembly {
  const { kube, caches, settings, acknowledgements, metrics, clock, log } = options;
  const { config, policyEpoch: epoch, identity } = settings;
  const nowMs = () => clock.nowMs();
  const { servers, grants, sessions, configMaps } = caches;
  const tombstones = new Tombstones({ kube, configMaps, sessions, nowMs, log });
  const book = new PolicyBook({ servers, grants, sessions, tombstones, config, epoch });
  const routes = new RouteBook();
  const recorder = new EventRecorder({
    kube,
    controller: 'mcpruntime.org/operator',
    instance: identity,
    log,
    clock,
  });
  const story = new ServerStory(recorder);
  const trustMaps = new TrustMaps({ kube, configMaps, servers, log });
  const server = serverController(options, { book, routes, story, tombstones, trustMaps });
  const grant = new GrantController({ kube, grants, book, nowMs });
  const session = new SessionController({ kube, sessions, book, tombstones, nowMs, log });
  const controller = (name: keyof typeof CONCURRENCY, reconcile: Reconcile) =>
    new Controller({
      name,
      reconcile,
      concurrency: CONCURRENCY[name],
      log,
      clock,
      observer: (observation) => metrics.reconciled(observation),
    });
  const queues = {
    servers: controller('servers', (key, context) => server.reconcile(key, context)),
    grants: controller('grants', (key, context) => grant.reconcile(key, context)),
    sessions: controller('sessions', (key, context) => session.reconcile(key, context)),
  };
  new Wiring({ caches, queues, book, routes, acknowledgements, config }).connect();
  return {
    controllers: Object.values(queues),
    tombstones,
    trust:
      settings.trust &&
      new TrustKeeper({
        kube,
        times: settings.trust,
        onBundle: (bundle, signal) => trustMaps.spread(bundle, signal),
        clock,
        log,
      }),
    catchUp: () => session.departedKeys.forEach((key) => queues.sessions.enqueue(key)),
  };
}
