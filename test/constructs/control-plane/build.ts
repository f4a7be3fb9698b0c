// A control plane, and what tests look at of its objects.
import { controlPlaneObjects } from '#constructs/control-plane/control-plane.ts';
import type { ControlPlaneProps } from '#constructs/control-plane/control-plane-props.ts';
import { OPERATOR } from '#constructs/control-plane/names.ts';
import type { Manifest } from '#constructs/kit/manifest.ts';
import { z } from 'zod';

export const PROPS: ControlPlaneProps = {
  image: 'example.org/mcp-runtime/operator:1.0.0',
  distributor: { image: 'example.org/mcp-runtime/distributor:1.0.0' },
  config: { gatewayImage: 'example.org/mcp-runtime/proxy:1.0.0' },
};

/** With a registry, whose credentials are in a Secret. */
export const WITH_REGISTRY: ControlPlaneProps = {
  ...PROPS,
  config: { ...PROPS.config, provisionedRegistryUrl: 'registry.example.org' },
  registryCredentials: { secretName: 'registry-login' },
};

export function objectsOf(props: ControlPlaneProps = PROPS): readonly Manifest[] {
  return controlPlaneObjects(props);
}

export function objectOf(objects: readonly Manifest[], kind: string, name?: string): Manifest {
  const found = objects.find(
    (object) => object.kind === kind && (name === undefined || object.metadata.name === name),
  );
  if (found === undefined) throw new Error(`there is no ${kind} ${name ?? ''}`);
  return found;
}

const rule = z.strictObject({
  apiGroups: z.array(z.string()),
  resources: z.array(z.string()),
  resourceNames: z.array(z.string()).optional(),
  verbs: z.array(z.string()),
});

export type ReadRule = z.output<typeof rule>;

const role = z.looseObject({ kind: z.string(), rules: z.array(rule) });

export function rulesOf(object: Manifest): readonly ReadRule[] {
  return role.parse(object).rules;
}

const variable = z.strictObject({
  name: z.string(),
  value: z.string().optional(),
  valueFrom: z
    .union([
      z.strictObject({ fieldRef: z.strictObject({ apiVersion: z.string(), fieldPath: z.string() }) }),
      z.strictObject({ secretKeyRef: z.strictObject({ name: z.string(), key: z.string() }) }),
    ])
    .optional(),
});

const deployment = z.looseObject({
  spec: z.looseObject({
    replicas: z.number(),
    selector: z.object({ matchLabels: z.record(z.string(), z.string()) }),
    template: z.looseObject({
      metadata: z.looseObject({ labels: z.record(z.string(), z.string()) }),
      spec: z.looseObject({
        containers: z.tuple([z.looseObject({ env: z.array(variable) })]),
      }),
    }),
  }),
});

export function deploymentOf(
  props: ControlPlaneProps = PROPS,
  name: string = OPERATOR.deployment,
): z.output<typeof deployment> {
  return deployment.parse(objectOf(objectsOf(props), 'Deployment', name));
}

export function environmentOf(props: ControlPlaneProps): readonly z.output<typeof variable>[] {
  return deploymentOf(props).spec.template.spec.containers[0].env;
}
