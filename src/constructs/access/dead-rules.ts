// Finds rules of a grant that allow a tool and can never do so, because the same grant withholds what the tool needs.
// Grants are not combined: the one that allows has to satisfy everything by itself.
import type { McpAccessGrantSpec } from '#api/mcp-access-grant.ts';
import { higherTrust, trustRank } from '#api/trust.ts';
import type { DeclaredTool } from './server-ref.ts';

/** One sentence for each rule that can never allow. */
export function deadRules(grant: McpAccessGrantSpec, tools: readonly DeclaredTool[]): readonly string[] {
  const effects = grant.allowedSideEffects ?? [];
  return (grant.toolRules ?? [])
    .filter((rule) => rule.decision === 'allow')
    .flatMap((rule) => {
      const tool = tools.find((candidate) => candidate.name === rule.name);
      if (tool === undefined) return [];
      const needed = higherTrust(tool.requiredTrust, rule.requiredTrust);
      const never = `the rule for ${rule.name} can never allow:`;
      if (tool.sideEffect === undefined) return [`${never} the server declares no side effect for it`];
      if (!effects.includes(tool.sideEffect)) {
        return [`${never} its side effect is ${tool.sideEffect}, which sideEffects leaves out`];
      }
      if (trustRank(needed) > trustRank(grant.maxTrust)) {
        return [`${never} it needs trust ${needed}, and maxTrust is ${grant.maxTrust}`];
      }
      return [];
    });
}
