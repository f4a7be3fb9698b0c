// What the runner tells the tests about the cluster it started: a JSON file, named by an environment variable.
import { z } from 'zod';

/** Names the file. */
export const CLUSTER_VARIABLE = 'MCP_TEST_CLUSTER';

/** Users that may do nothing until a test binds a role to them. */
export const PLAIN_USERS = ['alice', 'bob', 'carol'] as const;

/** Paths of Helm and kubeconform. */
export const chartEngines = z.object({ helm: z.string(), kubeconform: z.string() });

export const clusterFile = z.object({
  /** `1.36` */
  minor: z.string(),
  /** `https://127.0.0.1:…` */
  url: z.string(),
  /** Certificate of the API server, PEM. */
  ca: z.string(),
  kubectl: z.string(),
  /** What charts are tried with, where they are. */
  charts: chartEngines.optional(),
  /** Tokens and kubeconfig files by user. */
  users: z.record(z.string(), z.object({ token: z.string(), kubeconfig: z.string() })),
  /** The API server's own log of requests, in lines of JSON. */
  auditLog: z.string(),
  /** Namespace and name of the service account that the operator under test runs as. */
  operator: z.object({ namespace: z.string(), serviceAccount: z.string() }),
  /** Where the runner takes commands from tests. */
  control: z.object({ url: z.string(), token: z.string() }),
});

export type ClusterFile = z.output<typeof clusterFile>;
