// The platform itself, in a namespace of its own. It comes after the bootstrap stack, which brings the kinds.
import { Chart } from 'cdk8s';
import { ControlPlane } from '#constructs/control-plane/control-plane.ts';
import type { ControlPlaneProps } from '#constructs/control-plane/control-plane-props.ts';
import { NAMESPACES } from '#api/names.ts';
import type { Construct } from 'constructs';

export type PlatformStackProps = ControlPlaneProps;

export class PlatformStack extends Chart {
  /** @throws InvalidConstructError with everything that is wrong */
  constructor(scope: Construct, id: string, props: PlatformStackProps) {
    super(scope, id, { namespace: NAMESPACES.platform, disableResourceNameHashes: true });
    new ControlPlane(this, 'control-plane', props);
  }
}
