// What a cluster needs before anything else of ours: the definitions of the three kinds. They are generated from the
// schemas that also check a program, so a program and its cluster can't disagree; no file is read.
import { createHash } from 'node:crypto';
import { ApiObject, Chart } from 'cdk8s';
import { customResourceDefinition } from '#api/crd.ts';
import { KINDS } from '#api/kinds.ts';
import type { Construct } from 'constructs';

const sha256 = (text: string): string => `sha256:${createHash('sha256').update(text).digest('hex')}`;

export class BootstrapStack extends Chart {
  constructor(scope: Construct, id: string) {
    super(scope, id, { disableResourceNameHashes: true });
    for (const kind of KINDS) {
      const { apiVersion, kind: definition, metadata, spec } = customResourceDefinition(kind, sha256);
      new ApiObject(this, kind.plural, {
        apiVersion,
        kind: definition,
        metadata: { ...metadata },
        spec,
      });
    }
  }
}
