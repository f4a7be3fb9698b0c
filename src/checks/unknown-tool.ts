import { suggestion } from '#api/nearest.ts';
import { defineCheck, type Finding } from './check.ts';
import { serverKeyOf, type ProgramView } from './program-view.ts';

/** Grants that hold the construct of their server are refused at `new`; these hold its name only. */
function find({ grants, serverByKey }: ProgramView): readonly Finding[] {
  return grants.flatMap(({ construct, resource }) => {
    const key = serverKeyOf(resource);
    const server = serverByKey.get(key)?.resource;
    if (server === undefined) return [];
    const declared = (server.spec.tools ?? []).map(({ name }) => name);
    return (resource.spec.toolRules ?? []).flatMap(({ name }) =>
      declared.includes(name)
        ? []
        : [
            {
              construct,
              message: `names the tool ${JSON.stringify(name)}, which ${key} does not declare${suggestion(name, declared)}`,
            },
          ],
    );
  });
}

export const unknownTool = defineCheck({
  name: 'unknown-tool',
  finds: 'a rule of a grant for a tool that the server does not declare',
  severity: 'error',
  mayBeMeant: false,
  find,
});
