// What the API server refused, and what to do about it. Only what may pass by itself is waited for.
import { CONDITION_REASONS } from '#api/conditions.ts';
import { stuck, waits, type Finding } from './finding.ts';
import type { ApplyFailure } from './observed-server.ts';
import { quoted } from './words.ts';

function forbidden(failed: string, message: string): Finding {
  if (/exceeded quota/i.test(message)) {
    const todo = 'raise the quota of the namespace, or ask for less';
    return stuck(CONDITION_REASONS.QUOTA_EXCEEDED, `${failed}; ${todo}`);
  }
  const todo = 'allow it to the service account of the operator, or change what admission refuses';
  return stuck(CONDITION_REASONS.FORBIDDEN, `${failed}; ${todo}`);
}

/** What the API server said, without what it was asked, which the child's name tells. */
function answered(message: string): string {
  return quoted(message.replace(/^apply \S+ \S+: /, '').replace(/ \(HTTP \d+\)$/, ''));
}

export function failureFinding({ child, code, message }: ApplyFailure): Finding {
  const failed = `${child} could not be applied: ${answered(message)}`;
  switch (code) {
    case 'forbidden':
      return forbidden(failed, message);
    case 'namespace_terminating':
      return stuck(
        CONDITION_REASONS.NAMESPACE_TERMINATING,
        `${failed}; the namespace is being deleted, create the server in another one`,
      );
    case 'invalid':
      return stuck(CONDITION_REASONS.REFUSED, `${failed}; correct what the API server names`);
    case 'already_exists':
      return stuck(CONDITION_REASONS.APPLY_FAILED, `${failed}; delete or rename what has the name already`);
    case 'unknown_kind':
      return stuck(
        CONDITION_REASONS.KIND_NOT_FOUND,
        `${failed}; install the kind in the cluster, or leave out what needs it`,
      );
    case 'unauthorized':
    case 'not_found':
    case 'conflict':
    case 'gone':
    case 'too_many_requests':
    case 'timeout':
    case 'unavailable':
      return waits(`${failed}; it is tried again`, CONDITION_REASONS.APPLY_FAILED);
  }
}

/** That a child is not there yet: no more than a consequence where this pass failed at another one. */
export function missingFinding(failures: readonly ApplyFailure[], child: string): Finding {
  return { ...waits(`${child} does not exist yet`), follows: failures.length > 0 };
}

/** The finding of a child's failure, where it failed. */
export function failureOf(
  failures: readonly ApplyFailure[],
  kind: string,
  name: string,
): Finding | undefined {
  const failure = failures.find(({ child }) => child === `${kind} ${name}`);
  return failure === undefined ? undefined : failureFinding(failure);
}
