import { suggestion } from '#api/nearest.ts';
import { defineCheck, type Finding } from './check.ts';
import { serverKeyOf, type ProgramView } from './program-view.ts';

function find({ servers, grants, sessions, serverByKey }: ProgramView): readonly Finding[] {
  const namesOf = new Map<string, string[]>();
  for (const { resolved } of servers) {
    const names = namesOf.get(resolved.namespace) ?? [];
    namesOf.set(resolved.namespace, names);
    names.push(resolved.name);
  }
  return [...grants, ...sessions].flatMap(({ construct, resource }) => {
    const key = serverKeyOf(resource);
    if (serverByKey.has(key)) return [];
    const { name, namespace = resource.metadata.namespace ?? 'default' } = resource.spec.serverRef;
    const near = suggestion(name, namesOf.get(namespace) ?? []);
    return [{ construct, message: `is about server ${key}, which this program lacks${near}` }];
  });
}

export const unknownServer = defineCheck({
  name: 'unknown-server',
  finds: 'a grant or a session about a server that the program lacks; it may be one of another program',
  severity: 'warning',
  mayBeMeant: true,
  find,
});
