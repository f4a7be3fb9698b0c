import type { McpAccessGrant } from '#api/mcp-access-grant.ts';
import type { McpServer } from '#api/mcp-server.ts';
import { higherTrust, trustRank, type Trust } from '#api/trust.ts';
import { defineCheck, type Finding } from './check.ts';
import { serverKeyOf, type ProgramView } from './program-view.ts';

/** The tools that a grant allows calls of, with the trust that each asks for. */
function coveredTools(
  server: McpServer,
  { spec }: McpAccessGrant,
): readonly { name: string; trust: Trust }[] {
  const rules = new Map((spec.toolRules ?? []).map((rule) => [rule.name, rule]));
  return (server.spec.tools ?? []).flatMap(({ name, requiredTrust, sideEffect }) => {
    const rule = rules.get(name);
    const isMeant = rules.size === 0 || rule?.decision === 'allow';
    if (!isMeant || sideEffect === undefined) return [];
    if (spec.allowedSideEffects?.includes(sideEffect) !== true) return [];
    return [{ name, trust: higherTrust(requiredTrust, rule?.requiredTrust ?? 'low') }];
  });
}

function find({ grants, serverByKey }: ProgramView): readonly Finding[] {
  return grants.flatMap(({ construct, resource }) => {
    const server = serverByKey.get(serverKeyOf(resource))?.resource;
    const { maxTrust } = resource.spec;
    if (server === undefined) return [];
    const covered = coveredTools(server, resource);
    const needed = covered.reduce<Trust>((most, { trust }) => higherTrust(most, trust), 'low');
    if (trustRank(maxTrust) <= trustRank(needed)) return [];
    const why =
      covered.length === 0
        ? 'it covers no tool that can be called'
        : `the tools that it covers need ${needed} at most (${covered.map(({ name }) => name).join(', ')})`;
    return [{ construct, message: `gives ${maxTrust} trust, and ${why}; say maxTrust: '${needed}'` }];
  });
}

export const excessTrust = defineCheck({
  name: 'excess-trust',
  finds: 'a grant that gives more trust than any tool it covers needs',
  severity: 'warning',
  mayBeMeant: true,
  find,
});
