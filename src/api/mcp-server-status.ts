// Status of MCPServer: statements about what was observed for the generation in observedGeneration.
import { z } from 'zod';
import { statusBase, text } from './schema.ts';

const observed = (what: string) => z.boolean().optional().describe(what);

const header = (whose: string) => text(256).optional().describe(`Header ${whose}.`);

export const mcpServerStatus = z.object({
  ...statusBase,
  phase: z
    .enum(['Pending', 'PartiallyReady', 'Ready', 'Error', 'Suspended'])
    .optional()
    .describe('Pending, PartiallyReady, Ready, Error or Suspended.'),
  message: text(32768).optional().describe('What is not ready, and why.'),
  deploymentReady: observed('Every replica of the current template is available.'),
  serviceReady: observed('The Service has an address.'),
  ingressReady: observed('The route is in force.'),
  gatewayReady: observed('Every ready pod of the current template runs the proxy, ready.'),
  policyReady: observed("The current generation's policy is written and, with the gateway on, in force."),
  canaryReady: observed('The canary pods are available.'),
  replicas: z.int32().min(0).optional().describe('Pods of the server.'),
  readyReplicas: z.int32().min(0).optional().describe('Pods that are ready.'),
  rollout: z
    .object({
      stableRevision: text(64).optional().describe('Revision of the pods that was promoted last.'),
      canaryRevision: text(64).optional().describe('Revision of the pods that the spec asks for.'),
      phase: z
        .enum(['Idle', 'Progressing', 'Aborted'])
        .optional()
        .describe(
          'Idle: both are the same. Progressing: the canary runs its revision until spec.rollout promotes or aborts it. Aborted: it was.',
        ),
      traffic: z
        .enum(['ReplicaRatio', 'Weights'])
        .optional()
        .describe('How calls are divided: by the number of pods, or by weights of the route.'),
      canaryWeight: z.int32().min(0).max(100).optional().describe('Percentage of calls for the canary.'),
    })
    .optional()
    .describe('State of a canary, strategy Canary.'),
  policyRevision: text(80).optional().describe('Revision of the policy that was written last.'),
  resolved: z
    .object({
      image: text(2048).optional().describe('Image that runs.'),
      gatewayImage: text(2048).optional().describe('Image of the proxy.'),
      publicPath: text(2048).optional().describe('Path of the route.'),
      host: text(253).optional().describe('Host of the route.'),
      ingressClass: text(253).optional().describe('Ingress class of the route.'),
      ingressStrategy: text(64)
        .optional()
        .describe('How that class is told what the route needs: traefik, nginx, istio, generic or gateway.'),
      gateway: text(600)
        .optional()
        .describe('Gateway of the route, namespace/name, with its listener if one is named.'),
      serviceAccount: text(253).optional().describe('Service account of the pods.'),
      url: text(2048).optional().describe('URL under which callers reach the server.'),
      upstreamURL: text(2048).optional().describe('Where the proxy finds the server.'),
      analyticsSource: text(256).optional().describe('Source in audit events.'),
      pullSecrets: z
        .array(text(253))
        .max(64)
        .optional()
        .describe('Secrets with which the images are pulled.'),
      auth: z
        .object({
          mode: text(16).optional().describe('How callers say who they are.'),
          humanIDHeader: header('of the human'),
          agentIDHeader: header('of the agent'),
          teamIDHeader: header('of the team'),
          sessionIDHeader: header('of the session'),
          tokenHeader: header('of the token'),
          audience: text(2048).optional().describe('Audience that tokens have to be meant for.'),
        })
        .optional()
        .describe('How the proxy identifies callers; absent while the gateway is off.'),
      policy: z
        .object({
          mode: text(16).optional().describe('Whether the policy is enforced, or only observed.'),
          defaultDecision: text(16).optional().describe('What is decided where no grant says anything.'),
          sessionRequired: z.boolean().optional().describe('Whether a call needs a session.'),
        })
        .optional()
        .describe('How the proxy decides; absent while the gateway is off.'),
    })
    .optional()
    .describe('Values derived from the spec and the configuration of the operator.'),
});
