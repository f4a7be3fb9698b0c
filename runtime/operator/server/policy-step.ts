// The policy of a server as one step of its pass: whether the document is written now, later or not at all. The ConfigMap
// that is there decides it; nothing is written here.
import type { McpServer } from '#api/mcp-server.ts';
import { serverObjectNames } from '#api/names.ts';
import type { Manifest } from '#constructs/kit/manifest.ts';
import type { PolicyDocument } from '#policy/document.ts';
import { readPolicyFiles } from '#policy/policy-file.ts';
import type { KubeObject } from '#runtime/kube/object.ts';
import { CONFIG_MAP } from '#runtime/policy-book/kinds.ts';
import { decidePolicyWrite } from '../policy/write-policy.ts';
import type { LiveObjects } from './live-objects.ts';
import { writtenAt } from './observe.ts';
import { isOwnContent, withContentOf } from './policy-map.ts';
import { timeOf } from './status/written-status.ts';

/** What is done with the policy in this pass. */
export interface PolicyStep {
  /** ConfigMap whose content stays; absent where the new document is written, or none. */
  readonly keep?: KubeObject | undefined;
  /** Milliseconds until a write that was put off is due. */
  readonly dueMs?: number | undefined;
}

export const isPolicy = ({ kind }: Manifest): boolean => kind === CONFIG_MAP.kind;

/** The ConfigMap of a server's policy, whoever wrote it. */
function policyMapOf({ metadata }: McpServer, live: LiveObjects): KubeObject | undefined {
  const { namespace = 'default', name } = metadata;
  return live.get(CONFIG_MAP, { namespace, name: serverObjectNames(name).policyConfigMap });
}

export function policyStep(
  server: McpServer,
  document: PolicyDocument | undefined,
  objects: LiveObjects,
  nowMs: number,
): PolicyStep {
  const live = policyMapOf(server, objects);
  if (document === undefined || live === undefined || !isOwnContent(live)) return {};
  const decision = decidePolicyWrite({ live, document, writtenAtMs: timeOf(writtenAt(live)), nowMs });
  switch (decision.kind) {
    case 'write':
      return {};
    case 'keep':
      return { keep: live };
    case 'wait':
      return { keep: live, dueMs: decision.waitMs };
  }
}

/** What is rendered, with the policy that stays in place of the one that was compiled. */
export function withKeptPolicy(rendered: readonly Manifest[], { keep }: PolicyStep): readonly Manifest[] {
  if (keep === undefined) return rendered;
  return rendered.map((object) => (isPolicy(object) ? withContentOf(object, keep) : object));
}

/** Whether a server has a policy in the cluster, and another one than this. */
export function isOutdated(server: McpServer, document: PolicyDocument, objects: LiveObjects): boolean {
  const live = policyMapOf(server, objects);
  if (live === undefined) return false;
  return !isOwnContent(live) || readPolicyFiles(live)?.revision !== document.revision;
}
