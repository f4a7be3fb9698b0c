// From a server and what is around it to the children it has to have now: the same constructs that tests and GitOps
// render, with the few facts that only a cluster knows. Reads caches, writes nothing.
import type { McpServer } from '#api/mcp-server.ts';
import { serverObjectNames } from '#api/names.ts';
import type { OperatorConfig } from '#api/operator-config.ts';
import { resolve, type ResolvedServer } from '#api/resolve.ts';
import { err, ok, type Problem, type Result } from '#api/result.ts';
import { InvalidConstructError } from '#constructs/kit/invalid-construct-error.ts';
import type { Manifest } from '#constructs/kit/manifest.ts';
import {
  ingressStrategyName,
  podTemplateOf,
  servingPortOf,
  workloadObjects,
  workloadWarnings,
  type McpServerWorkloadProps,
} from '#constructs/server/mcp-server-workload.ts';
import type { PolicyDocument } from '#policy/document.ts';
import type { Cache } from '#runtime/kube/cache.ts';
import { CONTROLLER_REVISION } from '../kinds.ts';
import { listAt, textAt } from '#runtime/kube/json-path.ts';
import { isRecord } from '#runtime/kube/json.ts';
import type { LiveObjects } from './live-objects.ts';
import type { ProxyWaves } from './proxy-waves.ts';
import { planRollout, revisionOf, type RolloutPlan, type TemplateRevision } from './rollout.ts';
import { promotedTemplate, rolloutRecord } from './rollout-record.ts';
import type { RouteBook } from './routes.ts';

/** Service account of the Go system whose pull secrets the pods of a namespace may use. */
export const SHARED_SERVICE_ACCOUNT = 'mcp-workload';

export interface RenderingCaches {
  readonly live: LiveObjects;
  readonly ingressClasses: Cache;
  /** Service accounts of the name `mcp-workload`. */
  readonly sharedAccounts: Cache;
}

export interface RenderOptions {
  readonly caches: RenderingCaches;
  readonly config: OperatorConfig;
  readonly routes: RouteBook;
  readonly waves: ProxyWaves;
}

export interface Rendering {
  readonly resolved: ResolvedServer;
  readonly objects: readonly Manifest[];
  readonly rollout: RolloutPlan['status'];
  readonly warnings: readonly Problem[];
  readonly ingressStrategy: string;
  /** Whether the proxy waits for its turn to get the installation's new image. */
  readonly waitsForWave: boolean;
}

function inheritedPullSecrets(accounts: Cache, namespace: string): readonly string[] {
  const account = accounts.get({ namespace, name: SHARED_SERVICE_ACCOUNT });
  return listAt(account, 'imagePullSecrets')
    .filter(isRecord)
    .flatMap(({ name }) => (typeof name === 'string' ? [name] : []));
}

/**
 * What is on record, unless calls reach its pods at another port than those of the current template: both are behind
 * one Service, so a change of the port (the gateway switched on or off) can't be tried by a few pods.
 */
function comparable(
  promoted: TemplateRevision | undefined,
  current: TemplateRevision,
): TemplateRevision | undefined {
  if (promoted === undefined) return undefined;
  return servingPortOf(promoted.template) === servingPortOf(current.template) ? promoted : undefined;
}

export class Renderer {
  private readonly options: RenderOptions;

  constructor(options: RenderOptions) {
    this.options = options;
  }

  /**
   * @param policy document to write; undefined leaves its ConfigMap out of what is rendered
   * @returns the children, or what the server needs and nobody provides
   */
  render(server: McpServer, policy: PolicyDocument | undefined): Result<Rendering, readonly Problem[]> {
    const props = this.propsOf(server, policy);
    try {
      return ok(this.rendering(server, props));
    } catch (error) {
      if (error instanceof InvalidConstructError) return err(error.problems);
      throw error;
    }
  }

  private propsOf(server: McpServer, policy: PolicyDocument | undefined): McpServerWorkloadProps {
    const { caches, config, routes, waves } = this.options;
    const { namespace = 'default', name } = server.metadata;
    const { route } = resolve(server, config);
    const ingressClass = caches.ingressClasses.get({ name: route.ingressClass });
    return {
      server,
      config,
      policy,
      inheritedPullSecrets: inheritedPullSecrets(caches.sharedAccounts, namespace),
      ingressController: textAt(ingressClass, 'spec', 'controller'),
      routeRefused: routes.conflictOf(`${namespace}/${name}`) !== undefined,
      proxyImage: waves.imageFor(
        { namespace, name: serverObjectNames(name).deployment },
        config.gatewayImage,
      ),
    };
  }

  private rendering(server: McpServer, props: McpServerWorkloadProps): Rendering {
    const { caches, config } = this.options;
    const resolved = resolve(server, config);
    const records = caches.live.ownedBy(CONTROLLER_REVISION, server.metadata.uid ?? '');
    const current = revisionOf(podTemplateOf(props));
    const plan = planRollout(resolved.rollout, current, comparable(promotedTemplate(records), current));
    const objects = workloadObjects({
      ...props,
      promoted: plan.promoted,
      canaryIsPromoted: plan.canaryIsPromoted,
    });
    return {
      resolved,
      objects:
        plan.record === undefined ? objects : [rolloutRecord(server, plan.record, records), ...objects],
      rollout: plan.status,
      warnings: workloadWarnings(props),
      ingressStrategy: ingressStrategyName(props),
      waitsForWave: resolved.gateway !== undefined && props.proxyImage !== config.gatewayImage,
    };
  }
}
