// Files are copied, committed and mailed; no secret belongs into one. Constructs of ours name Secrets and never hold one,
// so this is about objects that a program makes itself.
import type { Problem } from '#api/result.ts';
import { manifestKey, type Manifest } from '#constructs/kit/manifest.ts';
import type { SynthesisedProgram } from './synthesise.ts';

/** Members of a Secret that hold what it is there for. */
export const SECRET_MEMBERS = ['data', 'stringData'] as const;

export const isSecret = ({ apiVersion, kind }: Manifest) => apiVersion === 'v1' && kind === 'Secret';

const isFilled = (value: unknown) =>
  typeof value === 'object' && value !== null && Object.keys(value).length > 0;

/** Secrets with something in them. */
export function secretProblems({ charts }: SynthesisedProgram): readonly Problem[] {
  return charts
    .flatMap(({ objects }) => objects)
    .filter(({ manifest }) => isSecret(manifest) && SECRET_MEMBERS.some((each) => isFilled(manifest[each])))
    .map(({ path, manifest }) => ({
      path,
      message: `${manifestKey(manifest)} holds a secret, and files must not; name a Secret that is made elsewhere, or provision it with Pulumi`,
    }));
}
