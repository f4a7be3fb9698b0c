import { defineCheck, type Finding } from './check.ts';
import { serverKeyOf, type ProgramView } from './program-view.ts';

function find({ grants, sessions, serverByKey }: ProgramView): readonly Finding[] {
  return [...grants, ...sessions].flatMap(({ construct, resource }) => {
    const key = serverKeyOf(resource);
    const server = serverByKey.get(key)?.resource;
    const { namespace = 'default' } = resource.metadata;
    if (server === undefined || namespace === server.metadata.namespace) return [];
    if (server.spec.access?.fromNamespaces?.includes(namespace) === true) return [];
    const message = `counts for nothing: ${key} does not take it from namespace ${namespace}; list that in its access.fromNamespaces`;
    return [{ construct, message }];
  });
}

export const closedNamespace = defineCheck({
  name: 'closed-namespace',
  finds: 'a grant or a session in a namespace from which the server takes none',
  severity: 'error',
  mayBeMeant: false,
  find,
});
