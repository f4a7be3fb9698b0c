// One grant: what the compiler made of it, on its own status. It never touches the spec, and what is wrong with one grant
// is said there and nowhere else.
import { MCPAccessGrant } from '#api/mcp-access-grant.ts';
import { API_GROUP } from '#api/kind.ts';
import { parseResource } from '#api/parse.ts';
import type { Permission } from '#api/permission.ts';
import type { Cache } from '#runtime/kube/cache.ts';
import type { Outcome, ReconcileContext } from '#runtime/kube/controller.ts';
import type { Kube } from '#runtime/kube/kube.ts';
import { keyOfText } from '#runtime/kube/object.ts';
import { GRANT } from '#runtime/policy-book/kinds.ts';
import type { PolicyBook } from '#runtime/policy-book/policy-book.ts';
import { serverKeyOf } from '#runtime/policy-book/server-ref.ts';
import { conditionsIn, writeAccessStatus } from './access-status.ts';
import { grantStatus } from './grant-status.ts';

export const PERMISSIONS: readonly Permission[] = [
  {
    group: API_GROUP,
    resource: 'mcpaccessgrants/status',
    verbs: ['update'],
    reason: 'Whether a grant is in force, and if not, which field to change.',
  },
];

export interface GrantControllerOptions {
  readonly kube: Kube;
  readonly grants: Cache;
  readonly book: PolicyBook;
  readonly nowMs: () => number;
}

const DONE: Outcome = { kind: 'done' };
/** After a conflict the cache is behind; by then it has caught up. */
const BEHIND: Outcome = { kind: 'again', afterMs: 200 };

export class GrantController {
  private readonly options: GrantControllerOptions;

  constructor(options: GrantControllerOptions) {
    this.options = options;
  }

  async reconcile(key: string, { signal }: Pick<ReconcileContext, 'signal'>): Promise<Outcome> {
    const { kube, grants, book, nowMs } = this.options;
    const grant = grants.get(keyOfText(key));
    if (grant === undefined || grant.metadata.deletionTimestamp !== undefined) return DONE;
    const serverKey = serverKeyOf(grant);
    const policy = serverKey === undefined ? {} : book.of(serverKey);
    const parsed = parseResource(MCPAccessGrant, grant);
    const status = grantStatus({
      namespace: grant.metadata.namespace ?? '',
      generation: grant.metadata.generation ?? 0,
      problems: parsed.ok ? [] : parsed.error,
      serverKey,
      policy,
      report: policy.grants?.get(key),
      previous: conditionsIn(grant),
      nowMs: nowMs(),
    });
    const written = await writeAccessStatus(kube, GRANT, grant, status, signal);
    return written === 'behind' ? BEHIND : DONE;
  }
}
