// Objects of the API as far as a status reads them. What the API server stores always fits; an object that doesn't
// counts as absent, so that a status never claims more than was understood.
import { z } from 'zod';
import type { KubeObject } from '#runtime/kube/object.ts';

const metadata = z.object({
  name: z.string(),
  namespace: z.string().optional(),
  uid: z.string().optional(),
  generation: z.number().optional(),
  creationTimestamp: z.string().optional(),
  deletionTimestamp: z.string().optional(),
  annotations: z.record(z.string(), z.string()).optional(),
  ownerReferences: z.array(z.object({ uid: z.string() })).optional(),
});

const condition = z.object({
  type: z.string(),
  status: z.string(),
  reason: z.string().optional(),
  message: z.string().optional(),
  observedGeneration: z.number().optional(),
  lastTransitionTime: z.string().nullish(),
});
const conditions = z.array(condition).default([]);

const container = z.object({ name: z.string(), image: z.string().optional() });

const deployment = z.object({
  metadata,
  spec: z.object({
    replicas: z.number().default(1),
    paused: z.boolean().default(false),
    template: z.object({
      spec: z.object({
        containers: z.array(container),
        imagePullSecrets: z.array(z.object({ name: z.string() })).optional(),
      }),
    }),
  }),
  status: z
    .object({
      observedGeneration: z.number().default(0),
      replicas: z.number().default(0),
      updatedReplicas: z.number().default(0),
      readyReplicas: z.number().default(0),
      availableReplicas: z.number().default(0),
      conditions,
    })
    .prefault({}),
});

const replicaSet = z.object({ metadata });

const containerState = z
  .object({
    waiting: z.object({ reason: z.string().optional(), message: z.string().optional() }).optional(),
    running: z.object({}).optional(),
    terminated: z.object({ exitCode: z.number(), reason: z.string().optional() }).optional(),
  })
  .default({});

const containerStatus = z.object({
  name: z.string(),
  ready: z.boolean().default(false),
  restartCount: z.number().default(0),
  state: containerState,
  lastState: containerState,
});

const pod = z.object({
  metadata,
  spec: z.object({ nodeName: z.string().optional(), containers: z.array(container) }),
  status: z
    .object({
      phase: z.string().optional(),
      conditions,
      initContainerStatuses: z.array(containerStatus).default([]),
      containerStatuses: z.array(containerStatus).default([]),
    })
    .prefault({}),
});

const service = z.object({
  metadata,
  spec: z.object({ clusterIP: z.string().optional() }),
});

const ingress = z.object({
  metadata,
  spec: z.object({ rules: z.array(z.unknown()).default([]) }).prefault({}),
  status: z
    .object({ loadBalancer: z.object({ ingress: z.array(z.unknown()).default([]) }).prefault({}) })
    .prefault({}),
});

const parentRef = z.object({
  group: z.string().default('gateway.networking.k8s.io'),
  kind: z.string().default('Gateway'),
  namespace: z.string().optional(),
  name: z.string(),
  sectionName: z.string().optional(),
  port: z.number().optional(),
});

const httpRoute = z.object({
  metadata,
  status: z.object({ parents: z.array(z.object({ parentRef, conditions })).default([]) }).prefault({}),
});

const gateway = z.object({
  metadata,
  status: z
    .object({ conditions, listeners: z.array(z.object({ name: z.string(), conditions })).default([]) })
    .prefault({}),
});

export type ConditionView = z.output<typeof condition>;
export type DeploymentView = z.output<typeof deployment>;
export type ReplicaSetView = z.output<typeof replicaSet>;
export type ContainerStatusView = z.output<typeof containerStatus>;
export type PodView = z.output<typeof pod>;
export type ServiceView = z.output<typeof service>;
export type IngressView = z.output<typeof ingress>;
export type ParentRefView = z.output<typeof parentRef>;
export type HttpRouteView = z.output<typeof httpRoute>;
export type GatewayView = z.output<typeof gateway>;

function viewer<Schema extends z.ZodType>(schema: Schema) {
  return (object: KubeObject | undefined): z.output<Schema> | undefined =>
    object === undefined ? undefined : schema.safeParse(object).data;
}

export const viewDeployment = viewer(deployment);
export const viewReplicaSet = viewer(replicaSet);
export const viewPod = viewer(pod);
export const viewService = viewer(service);
export const viewIngress = viewer(ingress);
export const viewHttpRoute = viewer(httpRoute);
export const viewGateway = viewer(gateway);

export function conditionOf(
  of: { readonly conditions: readonly ConditionView[] },
  type: string,
): ConditionView | undefined {
  return of.conditions.find((each) => each.type === type);
}
