// Status of MCPServer: statements about what was observed for the generation in observedGeneration.
import { z } from 'zod';
import { statusBase, text } from './schema.ts';

const observed = (what: string) => z.boolean().optional().describe(what);

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
  policyRevision: text(80).optional().describe('Revision of the policy that was written last.'),
  resolved: z
    .object({
      image: text(2048).optional().describe('Image that runs.'),
      gatewayImage: text(2048).optional().describe('Image of the proxy.'),
      publicPath: text(2048).optional().describe('Path of the route.'),
      host: text(253).optional().describe('Host of the route.'),
      url: text(2048).optional().describe('URL under which callers reach the server.'),
      upstreamURL: text(2048).optional().describe('Where the proxy finds the server.'),
      analyticsSource: text(256).optional().describe('Source in audit events.'),
    })
    .optional()
    .describe('Values derived from the spec and the configuration of the operator.'),
});
