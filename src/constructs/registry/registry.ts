// The registry of an installation: one in the cluster, or one that is there already. Either way the operator learns what
// it is called and who pulls, and `useProvisionedRegistry` of a server means it.
import { z } from 'zod';
import type { OperatorConfig } from '#api/operator-config.ts';
import type { Problem } from '#api/result.ts';
import { problemsOf } from '#api/sentences.ts';
import { constructPath, InvalidConstructError } from '#constructs/kit/invalid-construct-error.ts';
import { Construct } from 'constructs';
import { addRegistryDeployment } from './deployment.ts';
import { REGISTRY_PORTS, registryNames } from './names.ts';
import { registrySettings, type RegistryProps, type RegistrySettings } from './registry-settings.ts';
import {
  addRegistryAccount,
  addRegistryNamespace,
  addRegistryNetwork,
  addRegistryVolume,
} from './surroundings.ts';

type ConfigPart = Partial<
  Pick<OperatorConfig, 'provisionedRegistryUrl' | 'provisionedPullSecret' | 'registryPullHost'>
>;

/** Names of a Secret of the platform's namespace, as the platform takes them. */
export interface RegistryCredentials {
  readonly secretName: string;
  readonly usernameKey: string;
  readonly passwordKey: string;
}

const isBundled = (settings: RegistrySettings) =>
  settings.mode === 'bundled-http' || settings.mode === 'bundled-https';

function hostOf(settings: RegistrySettings, clusterDomain: string | undefined): string | undefined {
  if (settings.mode === 'none') return undefined;
  if (settings.mode === 'external') return settings.host;
  return settings.host ?? `${registryNames(settings.namespace, clusterDomain)[0]}:${REGISTRY_PORTS.api}`;
}

/** What the schema can't say: that somebody decided who may push. */
function accessProblems(settings: RegistrySettings): readonly Problem[] {
  if (!isBundled(settings) || settings.htpasswdSecret !== undefined || settings.open !== undefined) return [];
  const message = 'is required, or `open` with the reason why everybody may push';
  return [{ path: 'htpasswdSecret', message }];
}

export interface RegistryOptions {
  /** Domain of Services. @default cluster.local */
  readonly clusterDomain?: string;
}

export class Registry extends Construct {
  readonly settings: RegistrySettings;
  /** What the operator has to know: members of `config` of the platform. */
  readonly config: ConfigPart;
  /** `registryCredentials` of the platform; undefined where nobody logs in. */
  readonly credentials: RegistryCredentials | undefined;
  /** Names that its certificate has to have; none where it needs none of ours. */
  readonly certificateNames: readonly string[];

  /** @throws InvalidConstructError with everything that is wrong */
  constructor(scope: Construct, id: string, props: RegistryProps, { clusterDomain }: RegistryOptions = {}) {
    const parsed = z.safeParse(registrySettings, props, { reportInput: true });
    const problems = parsed.success ? accessProblems(parsed.data) : problemsOf([], parsed.error);
    if (!parsed.success || problems.length > 0) {
      throw new InvalidConstructError('Registry', constructPath(scope, id), problems);
    }
    super(scope, id);
    const settings: RegistrySettings = parsed.data;
    const host = hostOf(settings, clusterDomain);
    this.settings = settings;
    this.credentials = settings.mode === 'none' ? undefined : settings.credentials;
    this.config = {
      ...(host !== undefined && { provisionedRegistryUrl: host, registryPullHost: host }),
      ...(settings.mode !== 'none' &&
        settings.credentials !== undefined &&
        settings.pullSecret !== undefined && { provisionedPullSecret: settings.pullSecret }),
    };
    this.certificateNames =
      settings.mode === 'bundled-https'
        ? [...registryNames(settings.namespace, clusterDomain), ...outside(settings.host)]
        : [];
    if (settings.mode === 'bundled-http' || settings.mode === 'bundled-https') {
      addRegistryNamespace(this, settings);
      addRegistryAccount(this, settings);
      addRegistryNetwork(this, settings);
      addRegistryVolume(this, settings);
      addRegistryDeployment(this, settings);
    }
  }
}

/** The host without its port and path, where it is a name: certificates of addresses are another thing. */
function outside(host: string | undefined): readonly string[] {
  const name = host?.split('/')[0]?.replace(/:[0-9]+$/, '');
  return name === undefined || /^[0-9.]+$/.test(name) ? [] : [name];
}
