// What the program inside the box is told by the one outside, as a file: where things are. It decides nothing itself.
import { z } from 'zod';
import { chartEngines } from '../../cluster/cluster-file.ts';
import { isMinor } from '../../engines/versions.ts';

const addresses = z.object({
  slot: z.number(),
  link: z.string(),
  machine: z.string(),
  node: z.string(),
  apiPort: z.number(),
  pods: z.string(),
  services: z.string(),
  dns: z.string(),
  controlGroup: z.string(),
});

const engines = z.object({
  minor: z.string().refine(isMinor),
  etcd: z.string(),
  kubeApiserver: z.string(),
  kubeControllerManager: z.string(),
  kubeScheduler: z.string(),
  kubectl: z.string(),
  kubelet: z.string(),
  kubeProxy: z.string(),
  coredns: z.string(),
  contour: z.string(),
});

export const boxPlan = z.object({
  addresses,
  folder: z.string(),
  engines,
  envoy: z.string(),
  /** Archives to import, the pause image's among them. */
  images: z.array(z.string()),
  /** Files and folders of definitions to apply. */
  definitions: z.array(z.string()),
  /** The Gateway that is served. */
  gateway: z.object({ namespace: z.string(), name: z.string() }),
  /** For tests that install charts. */
  charts: chartEngines.optional(),
});

export type BoxPlan = z.output<typeof boxPlan>;

/** What the box says on its standard output, in lines of JSON. */
export const boxEvent = z.union([
  /** A line of progress. */
  z.object({ say: z.string() }),
  /** It has a network of its own and waits for the link; then: everything runs. */
  z.object({ event: z.enum(['wants-link', 'ready']) }),
]);

export type BoxEvent = z.output<typeof boxEvent>;
