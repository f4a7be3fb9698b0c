// The part of a pod template that an author may set. It is a list of what is safe rather than of what is not: fields
// that would weaken the proxy or the pod's security (host namespaces, host paths, security contexts, other
// containers) are not in it, so the API server refuses them as unknown, with their path.
import { z } from 'zod';
import { dnsLabel, dnsSubdomain, listMap, resources, text, textMap } from './schema.ts';

/** An object that Kubernetes itself validates; we only pass it on. */
const kubernetesObject = z.looseObject({}).meta({ 'x-kubernetes-preserve-unknown-fields': true });

const stringMap = textMap(1024);

const probe = kubernetesObject.describe('A probe as Kubernetes has it; replaces the default one.');

const container = z.strictObject({
  name: dnsLabel.optional().describe("The server's container; may be left out, as there is no other."),
  command: z.array(text(4096)).max(64).optional().describe("Replaces the image's entry point."),
  args: z.array(text(4096)).max(256).optional().describe("Replaces the image's arguments."),
  envFrom: z
    .array(
      z.strictObject({
        prefix: text(256).optional().describe('Put before every name.'),
        configMapRef: z
          .strictObject({
            name: dnsSubdomain.describe('Name of the ConfigMap.'),
            optional: z.boolean().optional().describe('Whether it may be missing.'),
          })
          .optional()
          .describe('A ConfigMap whose keys become variables.'),
        secretRef: z
          .strictObject({
            name: dnsSubdomain.describe('Name of the Secret.'),
            optional: z.boolean().optional().describe('Whether it may be missing.'),
          })
          .optional()
          .describe('A Secret whose keys become variables.'),
      }),
    )
    .max(32)
    .optional()
    .describe('Sources of environment variables.'),
  volumeMounts: listMap(
    z.strictObject({
      name: dnsLabel.describe('Name of the volume.'),
      mountPath: text(4096).describe('Where it appears in the container.'),
      subPath: text(4096).optional().describe('Folder of the volume to mount.'),
      readOnly: z.boolean().optional().describe('Whether it may only be read.'),
    }),
    'mountPath',
    64,
  )
    .optional()
    .describe('Volumes seen by the server.'),
  resources: resources.optional().describe('Same as spec.resources, which wins where both are set.'),
  livenessProbe: probe.optional(),
  readinessProbe: probe.optional(),
  startupProbe: probe.optional(),
});

const volume = z.strictObject({
  name: dnsLabel.describe('Name of the volume.'),
  configMap: kubernetesObject.optional().describe('A ConfigMap as files.'),
  secret: kubernetesObject.optional().describe('A Secret as files.'),
  emptyDir: kubernetesObject.optional().describe('A folder that lives as long as the pod.'),
  persistentVolumeClaim: kubernetesObject.optional().describe('A claimed volume.'),
});

export const podTemplate = z.strictObject({
  metadata: z
    .strictObject({
      labels: stringMap.optional().describe('Labels besides ours.'),
      annotations: stringMap.optional().describe('Annotations besides ours.'),
    })
    .optional()
    .describe('Labels and annotations of the pods.'),
  spec: z
    .strictObject({
      serviceAccountName: dnsSubdomain
        .optional()
        .describe('Service account instead of the one made for the server.'),
      nodeSelector: stringMap.optional().describe('Labels a node must have.'),
      tolerations: z.array(kubernetesObject).max(32).optional().describe('Taints the pods tolerate.'),
      affinity: kubernetesObject.optional().describe('Affinity to nodes and pods.'),
      topologySpreadConstraints: z
        .array(kubernetesObject)
        .max(8)
        .optional()
        .describe('How pods spread over zones and nodes.'),
      priorityClassName: dnsSubdomain.optional().describe('Priority class of the pods.'),
      terminationGracePeriodSeconds: z
        .int32()
        .min(1)
        .max(86_400)
        .optional()
        .describe('Seconds a pod may take to end; sessions drain within it.'),
      volumes: listMap(volume, 'name', 32).optional().describe('Volumes the server mounts.'),
      containers: z.array(container).max(1).optional().describe("The server's container."),
    })
    .optional()
    .describe('What the author may set of a pod.'),
});
