// The pods of a server: its own container, and the proxy beside it where the gateway is on. The template is made once
// for both Deployments of a server, without what differs between them: a template that was promoted can be kept, and
// run again later beside a proxy that has moved on.
import { LABELS, serverLabels, type RolloutTrack } from '#api/labels.ts';
import { PROXY_CONTAINER } from '#api/proxy-config.ts';
import { podTemplateJson, preStopSleep } from '#constructs/kit/pod-template.ts';
import type { PodTemplateSpec } from '#constructs/kit/kubernetes.ts';
import { podSecurity } from '#constructs/kit/security.ts';
import { z } from 'zod';
import { authorPatches } from './author-patches.ts';
import { proxyContainer } from './proxy-container.ts';
import { proxyVolumes } from './proxy-volumes.ts';
import { serverContainer } from './server-container.ts';
import { sleepWithoutProxy, terminationOf, type Termination } from './termination.ts';
import { topologySpread } from './topology-spread.ts';
import type { WorkloadContext } from './workload-context.ts';

/** A pod template as JSON. */
export type PodTemplate = Readonly<Record<string, unknown>>;

const labels = z.record(z.string(), z.string());

/** What has to be known of a template to complete it. */
const template = z.looseObject({
  metadata: z.looseObject({ labels }),
  spec: z.looseObject({
    containers: z.array(
      z.looseObject({
        name: z.string(),
        image: z.string().optional(),
        ports: z.array(z.looseObject({ name: z.string().optional(), containerPort: z.number() })).optional(),
      }),
    ),
  }),
});

function typedTemplate(context: WorkloadContext, end: Termination): PodTemplateSpec {
  const { server, resolved } = context;
  const { gateway } = resolved;
  const own = server.spec.podTemplate?.metadata;
  const pullSecrets = resolved.pullSecrets.map((name) => ({ name }));
  const spread = topologySpread(context);
  return {
    metadata: { labels: { ...own?.labels, ...serverLabels(resolved.name) }, annotations: own?.annotations },
    spec: {
      serviceAccountName: resolved.serviceAccount,
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      securityContext: podSecurity(),
      imagePullSecrets: pullSecrets.length === 0 ? undefined : pullSecrets,
      terminationGracePeriodSeconds: end.graceSeconds,
      topologySpreadConstraints: spread && [...spread],
      containers: [
        serverContainer(context),
        ...(gateway === undefined ? [] : [proxyContainer(context, gateway, end)]),
      ],
      volumes: gateway === undefined ? undefined : [...proxyVolumes(context)],
    },
  };
}

/**
 * The template that a server's spec asks for, without the label of the rollout track, and without the image of the
 * proxy where the installation chooses it: neither is a change of the server.
 */
export function renderPodTemplate(context: WorkloadContext): PodTemplate {
  const { server, resolved } = context;
  const gatewayOn = resolved.gateway !== undefined;
  const end = terminationOf(server.spec.podTemplate?.spec?.terminationGracePeriodSeconds);
  const plain = podTemplateJson(typedTemplate(context, end), [
    ...preStopSleep(0, gatewayOn ? end.serverSleepSeconds : sleepWithoutProxy(end)),
    ...(gatewayOn ? preStopSleep(1, end.proxySleepSeconds) : []),
    ...authorPatches(server, gatewayOn),
  ]);
  return template.parse(plain);
}

/**
 * The template of one Deployment.
 * @param proxyImage image in force, for a proxy whose image the author left to the installation
 * @throws ZodError for a kept template that is none
 */
export function completeTemplate(
  rendered: PodTemplate,
  track: RolloutTrack,
  proxyImage: string | undefined,
): PodTemplate {
  const { metadata, spec, ...rest } = template.parse(rendered);
  const containers = spec.containers.map((container) =>
    container.name === PROXY_CONTAINER ? { ...container, image: container.image ?? proxyImage } : container,
  );
  return {
    ...rest,
    metadata: { ...metadata, labels: { ...metadata.labels, [LABELS.rolloutTrack]: track } },
    spec: { ...spec, containers },
  };
}

/**
 * The port of a template that takes calls: the proxy's, or without one the server's; undefined where it has none. A
 * change of it can't go to a canary alone, because a Service has one target for all pods.
 */
export function servingPortOf(rendered: PodTemplate): number | undefined {
  const { containers } = template.parse(rendered).spec;
  const proxy = containers.find(({ name }) => name === PROXY_CONTAINER);
  return (proxy ?? containers[0])?.ports?.[0]?.containerPort;
}
