// A whole environment: every stack that its settings ask for, wired to each other. What a program adds is its servers.
// It comes first in a program, because servers take their class and the strictness of their checks from it.
import type { App } from 'cdk8s';
import { ownRegistries, type ImageMirror } from '#api/image-mirror.ts';
import { suggestion } from '#api/nearest.ts';
import { DEFAULT_OPERATOR_CONFIG } from '#api/operator-config.ts';
import { formatPath } from '#api/sentences.ts';
import type { ControlPlaneProps } from '#constructs/control-plane/control-plane-props.ts';
import { InvalidConstructError } from '#constructs/kit/invalid-construct-error.ts';
import { setSettings } from '#constructs/kit/settings.ts';
import { collectorEndpoint } from '#constructs/observability/collector.ts';
import type { SentinelBackup, SentinelClient } from '#constructs/sentinel/sentinel-props.ts';
import type { Team } from '#constructs/team/team.ts';
import type { Environment, EnvironmentSettings } from '#environment/environment-schema.ts';
import { hostsOf, imageOf, parseEnvironment } from '#environment/environment.ts';
import { hasBackups, replicasOf, storageOf } from '#environment/profiles.ts';
import { BootstrapStack } from './bootstrap-stack.ts';
import { EntranceStack } from './entrance-stack.ts';
import { ObservabilityStack } from './observability-stack.ts';
import { PlatformStack } from './platform-stack.ts';
import { RegistryStack } from './registry-stack.ts';
import { SentinelStack } from './sentinel-stack.ts';
import { ServersStack, type ServersStackProps } from './servers-stack.ts';
import { TenantStack } from './tenant-stack.ts';

function settingsOf(environment: Environment | EnvironmentSettings): EnvironmentSettings {
  const parsed = parseEnvironment(environment);
  if (parsed.ok) return parsed.value;
  const problems = parsed.error.map(({ segments, message }) => ({ path: formatPath(segments), message }));
  throw new InvalidConstructError('Platform', 'environment', problems);
}

/** Who scrapes, where somebody does. */
function scrapers({ observability }: EnvironmentSettings): readonly SentinelClient[] {
  return observability.metrics === 'none' ? [] : [{ namespace: observability.namespace }];
}

function backupOf({ sentinel }: EnvironmentSettings): SentinelBackup {
  const { every, retain, volume, restoreFrom } = sentinel.backup;
  const { size, storageClass, existingClaim } = volume;
  return {
    every,
    retain,
    volume:
      existingClaim === undefined
        ? { size, ...(storageClass !== undefined && { storageClass }) }
        : { existingClaim },
    ...(restoreFrom !== undefined && { restoreFrom }),
  };
}

function addSentinel(app: App, settings: EnvironmentSettings): SentinelStack | undefined {
  const { sentinel, clusterDomain, images, controlPlane } = settings;
  if (!sentinel.enabled) return undefined;
  const { size = storageOf(settings), storageClass, ephemeral } = sentinel.storage;
  return new SentinelStack(app, 'sentinel', {
    image: imageOf(settings, 'sentinel') ?? '',
    apiToken: sentinel.apiToken,
    storage:
      ephemeral === undefined ? { size, ...(storageClass !== undefined && { storageClass }) } : { ephemeral },
    ...(hasBackups(settings) && { backup: backupOf(settings) }),
    retentionDays: sentinel.retentionDays,
    clients: [...sentinel.clients, ...scrapers(settings)],
    hosts: sentinel.hosts,
    clusterDomain,
    apiServerPorts: controlPlane.apiServerPorts,
    imagePullSecrets: images.pullSecrets,
  });
}

const hostOf = ({ registry }: RegistryStack): string | undefined => registry.config.provisionedRegistryUrl;

/** Where pods pull from; images of the environment's own registry stay there. */
function mirrorOf({ images }: EnvironmentSettings, registry: RegistryStack): ImageMirror | undefined {
  if (images.mirror === undefined) return undefined;
  const { registryPullHost } = DEFAULT_OPERATOR_CONFIG;
  const keeps = ownRegistries({ registryPullHost, ...registry.registry.config });
  return { registry: images.mirror, keeps };
}

/** Whether the registry in the cluster is the mirror. */
function isMirror({ images, registry }: EnvironmentSettings, stack: RegistryStack): boolean {
  const isBundled = registry.mode === 'bundled-http' || registry.mode === 'bundled-https';
  const host = hostOf(stack);
  return isBundled && (images.mirror === host || images.mirror?.startsWith(`${host}/`) === true);
}

interface Parts {
  readonly settings: EnvironmentSettings;
  readonly entrance: EntranceStack;
  readonly registry: RegistryStack;
  readonly ingestUrl: string | undefined;
}

function controlPlaneProps({ settings, entrance, registry, ingestUrl }: Parts): ControlPlaneProps {
  const { controlPlane, images, name, clusterDomain, host, otlpEndpoint } = settings;
  const { config, credentials } = registry.registry;
  const tracesTo = otlpEndpoint ?? (settings.observability.collector && collectorEndpoint(clusterDomain));
  return {
    image: imageOf(settings, 'operator') ?? '',
    distributor: {
      image: imageOf(settings, 'distributor') ?? '',
      replicas: controlPlane.distributors ?? replicasOf(settings),
    },
    config: {
      clusterName: name,
      clusterDomain,
      ...(host !== undefined && { ingressHost: host }),
      ...entrance.ingress.config,
      ...config,
      ...(images.mirror !== undefined && { imageMirror: images.mirror }),
      gatewayImage: imageOf(settings, 'proxy'),
      ...(tracesTo !== undefined && { gatewayOtlpEndpoint: tracesTo }),
      ...(ingestUrl !== undefined && { ingestUrl }),
    },
    ...(credentials !== undefined && { registryCredentials: credentials }),
    replicas: controlPlane.replicas ?? replicasOf(settings),
    logLevel: controlPlane.logLevel,
    apiServerPorts: controlPlane.apiServerPorts,
    imagePullSecrets: images.pullSecrets,
  };
}

export class Platform {
  /** Everything that was decided, defaults filled in. */
  readonly settings: EnvironmentSettings;
  readonly entrance: EntranceStack;
  readonly sentinel: SentinelStack | undefined;
  readonly #app: App;
  readonly #teams: ReadonlyMap<string, Team>;

  /**
   * @param app an app without servers
   * @param environment from `readEnvironment`, or written in the program
   * @throws InvalidConstructError with everything that is wrong, each with its path in the environment
   */
  constructor(app: App, environment: Environment | EnvironmentSettings) {
    const settings = settingsOf(environment);
    const { ingress, tls, registry, clusterDomain } = settings;
    this.#app = app;
    this.settings = settings;
    new BootstrapStack(app, 'bootstrap');
    this.entrance = new EntranceStack(app, 'entrance', { ingress, tls, hosts: hostsOf(settings) });
    const { className } = this.entrance.ingress;
    const { certificates } = this.entrance;
    const images = new RegistryStack(app, 'registry', { registry, clusterDomain, certificates });
    const forAll = {
      profile: settings.profile,
      ingressClass: className,
      knownClasses: [className],
      internalClasses: ingress.exposure === 'internal' ? [className] : [],
    };
    setSettings(app, { ...forAll, imageMirror: mirrorOf(settings, images) });
    // Whatever the mirror, it can't be pulled from itself.
    if (isMirror(settings, images)) setSettings(images, forAll);
    this.sentinel = addSentinel(app, settings);
    const ingestUrl = this.sentinel?.ingestUrl ?? settings.sentinel.ingestUrl;
    const parts = { settings, entrance: this.entrance, registry: images, ingestUrl };
    new PlatformStack(app, 'platform', controlPlaneProps(parts));
    const { apiToken: sentinelToken } = settings.sentinel;
    new ObservabilityStack(app, 'observability', { ...settings.observability, sentinelToken });
    this.#teams = new Map(
      Object.entries(settings.teams).map(([id, team]) => [
        id,
        new TenantStack(app, `tenant-${id}`, { id, ...team }).team,
      ]),
    );
  }

  /** A team of the environment, to add servers to. @throws TypeError where there is none of this id */
  team(id: string): Team {
    const team = this.#teams.get(id);
    if (team !== undefined) return team;
    const known = [...this.#teams.keys()];
    const there = known.length === 0 ? 'it has none' : `it has ${known.join(', ')}`;
    throw new TypeError(
      `the environment has no team ${JSON.stringify(id)}; ${there}${suggestion(id, known)}`,
    );
  }

  /** A stack for servers of no team. @param id of its chart */
  servers(id = 'servers', props: ServersStackProps = {}): ServersStack {
    return new ServersStack(this.#app, id, props);
  }
}
