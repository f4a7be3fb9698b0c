// Mistakes in what an installation says, which the constructs of several programs look for.
import type { Problem } from '#api/result.ts';

const DIGEST = /@sha256:[0-9a-f]{64}$/;

/** Whether an image is the same one tomorrow: by digest, or by a tag that isn't `latest`. */
export function isExactImage(image: string): boolean {
  if (image.includes('@')) return DIGEST.test(image);
  const name = image.slice(image.lastIndexOf('/') + 1);
  const colon = name.indexOf(':');
  return colon > 0 && !['', 'latest'].includes(name.slice(colon + 1));
}

const EXACT =
  'must name a version or a digest, not latest: what runs would change without anybody deciding it';

/** Of an image of the platform's own; none where it was left out. */
export function imageProblem(path: string, image: string | undefined): readonly Problem[] {
  return image === undefined || isExactImage(image) ? [] : [{ path, message: EXACT }];
}

/** Of a whole number with bounds; none where it was left out. */
export function numberProblem(
  path: string,
  value: number | undefined,
  [min, max]: readonly [number, number],
): readonly Problem[] {
  if (value === undefined || (Number.isInteger(value) && value >= min && value <= max)) return [];
  return [{ path, message: `must be a whole number from ${min} to ${max}` }];
}
