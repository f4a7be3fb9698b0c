// From what somebody wrote to an environment, or to everything that is wrong with it.
import { z } from 'zod';
import { err, ok, type Result } from '#api/result.ts';
import { PROFILES } from '#constructs/kit/settings.ts';
import { environmentSchema, type Environment, type EnvironmentSettings } from './environment-schema.ts';
import { explain, type EnvironmentProblem } from './explain.ts';
import { productionProblems, withProfile } from './profiles.ts';

/** The platform's programs that have an image each. */
export type PlatformImage = 'operator' | 'distributor' | 'proxy' | 'sentinel';

/** The image of a program: its own, else that of the repository; undefined where neither is said. */
export function imageOf({ images }: EnvironmentSettings, name: PlatformImage): string | undefined {
  const { repository, tag } = images;
  const usual = repository === undefined || tag === undefined ? undefined : `${repository}/${name}:${tag}`;
  return images[name] ?? usual;
}

function imageProblems(settings: EnvironmentSettings): readonly EnvironmentProblem[] {
  const { repository, tag } = settings.images;
  const needed: readonly PlatformImage[] = [
    'operator',
    'distributor',
    'proxy',
    ...(settings.sentinel.enabled ? (['sentinel'] as const) : []),
  ];
  const missing = needed.filter((name) => imageOf(settings, name) === undefined);
  if (missing.length === 0) return [];
  const half = repository === undefined ? 'repository' : 'tag';
  if ((repository === undefined) !== (tag === undefined)) {
    return [
      { segments: ['images', half], message: 'is required: a repository and a tag name an image together' },
    ];
  }
  const message = 'is required, or images.repository and images.tag for all of them';
  return missing.map((name) => ({ segments: ['images', name], message }));
}

/** Modes in which the platform has a certificate made for the hosts. */
export function makesCertificate({ tls, ingress }: EnvironmentSettings): boolean {
  if (ingress.class === 'gateway' && ingress.existing) return false;
  return tls.mode !== 'none' && tls.mode !== 'secret';
}

/** The hosts that the way in serves, each once. */
export function hostsOf({ host, moreHosts }: EnvironmentSettings): readonly string[] {
  return [...new Set([...(host === undefined ? [] : [host]), ...moreHosts])];
}

function hostProblems(settings: EnvironmentSettings): readonly EnvironmentProblem[] {
  if (!makesCertificate(settings) || hostsOf(settings).length > 0) return [];
  return [
    { segments: ['host'], message: `is required: tls mode ${settings.tls.mode} makes a certificate for it` },
  ];
}

/** `*.example.org` can be proved by DNS alone. */
function wildcardProblems(settings: EnvironmentSettings): readonly EnvironmentProblem[] {
  const { tls, moreHosts, host } = settings;
  if ((tls.mode !== 'acme' && tls.mode !== 'acme-staging') || tls.dns01 !== undefined) return [];
  const message = 'is a wildcard, which needs tls.dns01';
  return [
    ...(host?.startsWith('*') === true ? [{ segments: ['host'], message }] : []),
    ...moreHosts.flatMap((each, index) =>
      each.startsWith('*') ? [{ segments: ['moreHosts', index], message }] : [],
    ),
  ];
}

const written = z.looseObject({ profile: z.enum(PROFILES) });

/** @param raw an environment, or anything that wants to be one */
export function parseEnvironment(raw: unknown): Result<EnvironmentSettings, readonly EnvironmentProblem[]> {
  const profile = written.safeParse(raw).data?.profile;
  const parsed = z.safeParse(environmentSchema, withProfile(raw, profile), { reportInput: true });
  if (!parsed.success) return err(explain(parsed.error));
  const settings: EnvironmentSettings = parsed.data;
  const problems = [
    ...imageProblems(settings),
    ...hostProblems(settings),
    ...wildcardProblems(settings),
    ...(settings.profile === 'production' ? productionProblems(settings) : []),
  ];
  return problems.length === 0 ? ok(settings) : err(problems);
}

/** Names the type of an environment in a program, so that its author is told about mistakes while typing. */
export function defineEnvironment(environment: Environment): Environment {
  return environment;
}
