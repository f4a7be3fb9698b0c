// What is wrong with an installation, found before anything is applied: an operator that can't start helps nobody.
import { mirrorRegistry } from '#api/image-mirror.ts';
import type { Problem } from '#api/result.ts';
import { problemsOf } from '#api/sentences.ts';
import { imageProblem, numberProblem } from '#constructs/kit/problems.ts';
import { DEFAULT_AUTHORITY, isDistributorOff, type ControlPlaneProps } from './control-plane-props.ts';

function urlProblem(path: string, text: string | undefined): readonly Problem[] {
  const url = text === undefined ? undefined : URL.parse(text);
  if (url === undefined) return [];
  if (url === null || !['http:', 'https:'].includes(url.protocol)) {
    return [{ path, message: 'must be an absolute http:// or https:// URL' }];
  }
  if (url.username === '' && url.password === '') return [];
  return [{ path, message: 'must not hold a user or password: what is rendered here is read by many' }];
}

/** A registry is a host and perhaps a port and a path; who logs in there is in a Secret. */
function registryProblem(path: string, registry: string | undefined): readonly Problem[] {
  if (registry?.includes('@') !== true) return [];
  return [{ path, message: 'must not hold a user or password; name their Secret in registryCredentials' }];
}

function mirrorProblem(mirror: string | undefined): readonly Problem[] {
  const parsed = mirrorRegistry.optional().safeParse(mirror, { reportInput: true });
  return parsed.success ? [] : problemsOf(['config', 'imageMirror'], parsed.error);
}

function credentialProblems({ config = {}, registryCredentials }: ControlPlaneProps): readonly Problem[] {
  const { provisionedRegistryUrl, provisionedPullSecret } = config;
  if (registryCredentials === undefined) {
    if (provisionedPullSecret === undefined) return [];
    const message = 'is made of registryCredentials, which are not given';
    return [{ path: 'config.provisionedPullSecret', message }];
  }
  return [
    ...(provisionedRegistryUrl === undefined
      ? [{ path: 'config.provisionedRegistryUrl', message: 'is required: registryCredentials are for it' }]
      : []),
    ...(registryCredentials.secretName.trim() === ''
      ? [{ path: 'registryCredentials.secretName', message: 'must name the Secret that holds them' }]
      : []),
  ];
}

// The types already ask for it; programs in JavaScript meet the sentence here.
function distributorProblems({ distributor }: Partial<ControlPlaneProps>): readonly Problem[] {
  if (distributor === undefined) {
    return [{ path: 'distributor', message: 'is required: { image }, or { off: { reason } }' }];
  }
  if (isDistributorOff(distributor)) {
    if (distributor.off.reason.trim() !== '') return [];
    return [{ path: 'distributor.off.reason', message: 'must say why a revocation may take minutes here' }];
  }
  return [
    ...imageProblem('distributor.image', distributor.image),
    ...numberProblem('distributor.replicas', distributor.replicas, [1, 10]),
  ];
}

const YEAR_SECONDS = 365 * 24 * 3600;

function authorityProblems({ authority = {} }: ControlPlaneProps): readonly Problem[] {
  const { rotateAfterSeconds, overlapSeconds } = authority;
  const { rotateAfterSeconds: usualAge, overlapSeconds: usualOverlap } = DEFAULT_AUTHORITY;
  const isTooLong = 2 * (overlapSeconds ?? usualOverlap) > (rotateAfterSeconds ?? usualAge);
  const tooLong = 'must be at most half of authority.rotateAfterSeconds';
  return [
    ...(isTooLong ? [{ path: 'authority.overlapSeconds', message: tooLong }] : []),
    ...numberProblem('authority.rotateAfterSeconds', rotateAfterSeconds, [10, 10 * YEAR_SECONDS]),
    ...numberProblem('authority.overlapSeconds', overlapSeconds, [5, YEAR_SECONDS]),
  ];
}

export function controlPlaneProblems(props: ControlPlaneProps): readonly Problem[] {
  const { config = {} } = props;
  return [
    ...imageProblem('image', props.image),
    ...imageProblem('config.gatewayImage', config.gatewayImage),
    ...distributorProblems(props),
    ...urlProblem('config.gatewayOtlpEndpoint', config.gatewayOtlpEndpoint),
    ...urlProblem('config.ingestUrl', config.ingestUrl),
    ...urlProblem('config.distributorUrl', config.distributorUrl),
    ...registryProblem('config.provisionedRegistryUrl', config.provisionedRegistryUrl),
    ...registryProblem('config.registryPullHost', config.registryPullHost),
    ...mirrorProblem(config.imageMirror),
    ...credentialProblems(props),
    ...numberProblem('keys.rotateAfterSeconds', props.keys?.rotateAfterSeconds, [3600, 10 * YEAR_SECONDS]),
    ...urlProblem('acknowledgementsUrl', props.acknowledgementsUrl),
    ...authorityProblems(props),
    ...numberProblem('policyEpoch', props.policyEpoch, [0, 1_000_000]),
    ...numberProblem('requeueSeconds', props.requeueSeconds, [1, 3600]),
    ...numberProblem('replicas', props.replicas, [1, 10]),
    ...(props.apiServerPorts ?? []).flatMap((port, index) =>
      numberProblem(`apiServerPorts[${index}]`, port, [1, 65_535]),
    ),
  ];
}
