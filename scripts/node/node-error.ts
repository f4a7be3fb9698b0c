// Why there is no test node, in words that end with what to do.

/**
 * `not_linux`, `not_root`, `programs_missing`, `kernel_lacks`: what the machine has to have; `no_slot`: too many nodes
 * run already; `box_failed`: a part of the node ended or did not come up; `context_failed`: the cluster of a kubeconfig
 * can't be used.
 */
export type NodeErrorCode =
  | 'not_linux'
  | 'not_root'
  | 'programs_missing'
  | 'kernel_lacks'
  | 'no_slot'
  | 'box_failed'
  | 'context_failed';

export class NodeError extends Error {
  readonly code: NodeErrorCode;

  constructor(code: NodeErrorCode, message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'NodeError';
    this.code = code;
  }
}
