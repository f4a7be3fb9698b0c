// Secrets that a program names and somebody else has: constructs can't hold an Output, so what Pulumi knows only later is
// bound to the program after it was synthesised.
import { secret, type Input } from '@pulumi/pulumi';
import type { Problem } from '#api/result.ts';
import { manifestKey, type Manifest } from '#constructs/kit/manifest.ts';
import { InvalidProgramError } from '../invalid-program-error.ts';

/** By `namespace/name` of a Secret, its entries. Plain texts are sealed too. */
export type BoundSecrets = Readonly<Record<string, Readonly<Record<string, Input<string>>>>>;

/** A Secret that is to be registered; its values are no plain data. */
export interface BoundSecret {
  readonly manifest: Manifest;
  readonly namespace: string;
}

function problemOf(key: string, manifests: ReadonlySet<string>): readonly Problem[] {
  const path = `secrets["${key}"]`;
  if (!/^[^/]+\/[^/]+$/.test(key)) return [{ path, message: 'is to be called namespace/name' }];
  const taken = manifests.has(`Secret ${key}`);
  return taken ? [{ path, message: 'is an object of the program already; leave one of them out' }] : [];
}

/** @throws InvalidProgramError where a name is none, or the program's own */
export function boundSecrets(secrets: BoundSecrets, manifests: readonly Manifest[]): readonly BoundSecret[] {
  const known = new Set(manifests.map(manifestKey));
  const problems = Object.keys(secrets).flatMap((key) => problemOf(key, known));
  if (problems.length > 0) throw new InvalidProgramError(problems);
  return Object.entries(secrets).map(([key, entries]) => {
    const [namespace = '', name = ''] = key.split('/');
    const sealed = Object.entries(entries).map(([entry, value]) => [entry, secret(value)] as const);
    return {
      namespace,
      manifest: {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { name, namespace },
        type: 'Opaque',
        stringData: Object.fromEntries(sealed),
      },
    };
  });
}
