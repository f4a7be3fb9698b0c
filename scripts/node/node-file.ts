// What tests are told of the node, or of another cluster that they run on: what the cluster tests are told of theirs, so
// that the helpers of those work here, and where the node and its ingress are.
import { z } from 'zod';
import { clusterFile } from '../cluster/cluster-file.ts';

export const NODE_FILE = 'node.json';

export const nodeFile = clusterFile.extend({
  /** `context` is a cluster that was there before: it takes no commands, and its audit log can't be read. */
  kind: z.enum(['box', 'context']),
  node: z
    .object({
      name: z.string(),
      /** Where node ports and the API server are. */
      address: z.string(),
      /** This machine, as pods see it. */
      machine: z.string(),
    })
    .optional(),
  ingress: z
    .object({
      /** Where Envoy takes plain HTTP. */
      url: z.string(),
      /** Where it takes TLS, where a Gateway has a listener for it. */
      tlsUrl: z.string().optional(),
      ingressClass: z.string(),
      gateway: z.object({ namespace: z.string(), name: z.string() }),
    })
    .optional(),
});

export type NodeFile = z.output<typeof nodeFile>;
