// What a status is made of: everything that is known of one server at one moment, gathered by whoever reconciles it.
import type { McpServer, McpServerStatus } from '#api/mcp-server.ts';
import type { OperatorConfig } from '#api/operator-config.ts';
import type { ObjectRef } from '#api/principal.ts';
import type { ResolvedServer } from '#api/resolve.ts';
import type { Problem } from '#api/result.ts';
import type { PolicyForm } from '#policy/policy-file.ts';
import type { KubeErrorCode } from '#runtime/kube/kube.ts';
import type { KubeObject } from '#runtime/kube/object.ts';
import type { Acknowledgement, AcknowledgementSource } from '../../acknowledgements.ts';

/** A child that could not be applied in this pass. */
export interface ApplyFailure {
  /** Kind and name: `Deployment notes`. */
  readonly child: string;
  readonly code: KubeErrorCode;
  /** What was asked of the API server and what it answered. */
  readonly message: string;
  /** ISO time. */
  readonly at: string;
}

/** A canary as the operator runs it. Revisions are the short hashes that people promote and abort by. */
export interface ObservedRollout {
  readonly stableRevision?: string | undefined;
  readonly canaryRevision?: string | undefined;
  readonly phase: 'Idle' | 'Progressing' | 'Aborted';
  readonly traffic: 'ReplicaRatio' | 'Weights';
}

/**
 * What there is of one server. An object that this pass wrote is here as the API server answered it: a cache may still
 * show the one before, and a status that names the new generation must not speak of the old Deployment.
 */
export interface ObservedServer {
  readonly deployment?: KubeObject | undefined;
  readonly canaryDeployment?: KubeObject | undefined;
  /** Owned by these Deployments. */
  readonly replicaSets: readonly KubeObject[];
  readonly pods: readonly KubeObject[];
  readonly service?: KubeObject | undefined;
  readonly ingress?: KubeObject | undefined;
  readonly httpRoute?: KubeObject | undefined;
  /** The Gateway that the HTTPRoute names. */
  readonly gateway?: KubeObject | undefined;
  /** `unknown`: ingress classes can't be read, or none is asked for. */
  readonly ingressClass: 'found' | 'missing' | 'unknown';
  /** How the route's class is told what it needs: `traefik`, `nginx` and so on. */
  readonly ingressStrategy?: string | undefined;
  /** Of the document in the ConfigMap. */
  readonly policyRevision?: string | undefined;
  /** ISO time at which that document was written. */
  readonly policyWrittenAt?: string | undefined;
  /** `stub`: the document is too large, and what stands for it denies everything until a proxy gets it as a stream. */
  readonly policyForm?: PolicyForm | undefined;
  /**
   * Milliseconds until a newer document is written that is held back, so that many changes become one write; absent
   * where none is.
   */
  readonly policyDueMs?: number | undefined;
  readonly acknowledgements: readonly Acknowledgement[];
  readonly acknowledgementSource: AcknowledgementSource['state'];
  readonly failures: readonly ApplyFailure[];
  /** The older server that has host and path. */
  readonly routeConflict?: ObjectRef | undefined;
  /** Parts of the spec that are left out: refused annotations, merged names. */
  readonly warnings: readonly Problem[];
  /** Only with strategy Canary. */
  readonly rollout?: ObservedRollout | undefined;
}

export interface StatusInput {
  readonly server: McpServer;
  readonly resolved: ResolvedServer;
  readonly config: OperatorConfig;
  /** Of the policy compiled from the current generation; absent where none was compiled. */
  readonly desiredRevision?: string | undefined;
  readonly observed: ObservedServer;
  /** Only its transition times are read. */
  readonly previous?: McpServerStatus | undefined;
  readonly nowMs: number;
}
