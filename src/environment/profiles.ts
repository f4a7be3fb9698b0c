// What profiles decide: what they fill in where nothing is said, and what production refuses.
import type { Profile } from '#constructs/kit/settings.ts';
import type { EnvironmentSettings } from './environment-schema.ts';
import type { EnvironmentProblem } from './explain.ts';

type Raw = Readonly<Record<string, unknown>>;

interface ProfileDefaults {
  /** Where nothing is said of the way in. */
  readonly ingress: Raw;
  /** Where it is said without its class. */
  readonly ingressClass: string;
  readonly tls: Raw;
}

const GATEWAY = { ingress: { class: 'gateway' }, ingressClass: 'gateway' };

const DEFAULTS: Readonly<Record<Profile, ProfileDefaults>> = {
  laptop: {
    ingress: { class: 'traefik', readiness: 'permissive' },
    ingressClass: 'traefik',
    tls: { mode: 'none' },
  },
  team: { ...GATEWAY, tls: { mode: 'private-ca' } },
  // Nothing that is right for all: it is asked for.
  production: { ...GATEWAY, tls: {} },
};

const isObject = (value: unknown): value is Raw =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** What was written, with what its profile adds. */
export function withProfile(raw: unknown, profile: Profile | undefined): unknown {
  if (!isObject(raw) || profile === undefined) return raw;
  const { ingress, ingressClass, tls } = DEFAULTS[profile];
  const way = raw.ingress;
  return {
    ...raw,
    ...(raw.tls === undefined && { tls }),
    ...(way === undefined && { ingress }),
    ...(isObject(way) && way.class === undefined && { ingress: { class: ingressClass, ...way } }),
  };
}

export const replicasOf = ({ profile }: EnvironmentSettings): number => (profile === 'laptop' ? 1 : 2);

export const storageOf = ({ profile }: EnvironmentSettings): string =>
  profile === 'laptop' ? '5Gi' : '20Gi';

/** Events that may be lost with their pod need no copy. */
export const hasBackups = ({ profile, sentinel }: EnvironmentSettings): boolean =>
  sentinel.backup.enabled ?? (profile !== 'laptop' && sentinel.storage.ephemeral === undefined);

/** What production does not take. Each of these has a way that is safe. */
export function productionProblems(settings: EnvironmentSettings): readonly EnvironmentProblem[] {
  const { tls, registry, sentinel, controlPlane } = settings;
  const says = (isWrong: boolean, segments: readonly string[], message: string) =>
    isWrong ? [{ segments, message }] : [];
  return [
    ...says(tls.mode === 'none', ['tls', 'mode'], 'must not be none in production: callers would be read'),
    ...says(
      tls.mode === 'acme-staging',
      ['tls', 'mode'],
      'must not be acme-staging in production: nobody trusts its certificates',
    ),
    ...says(
      registry.mode === 'bundled-http',
      ['registry', 'mode'],
      'must not be bundled-http in production; take bundled-https or external',
    ),
    ...says(
      sentinel.enabled && sentinel.storage.ephemeral !== undefined,
      ['sentinel', 'storage', 'ephemeral'],
      'must not be set in production: the record of what was decided would be lost',
    ),
    ...says(
      controlPlane.replicas === 1,
      ['controlPlane', 'replicas'],
      'must be 2 or more in production: with one, the loss of a node stops it',
    ),
    ...says(
      controlPlane.distributors === 1,
      ['controlPlane', 'distributors'],
      'must be 2 or more in production: with one, the loss of a node stops revocations',
    ),
  ];
}
