// What the operator was seen to ask for, in all suites before this one, against what it may: whatever it may and never
// does is a permission too many, and whatever it asks for and may not is one too few. It needs a whole run.
import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import type { AuditEvent } from '#scripts/cluster/audit-log.ts';
import { cluster } from '../harness/cluster.ts';

const world = cluster();
const { namespace: platform, serviceAccount } = world.about.operator;

/** Granted and not asked for by any suite, and why that is right. */
const UNUSED: Readonly<Record<string, string>> = {
  'update mcpservers/finalizers.mcpruntime.org':
    'Never asked for by name: clusters with OwnerReferencesPermissionEnforcement look whether it is granted.',
  'compile mcpservers.mcpruntime.org':
    'No request has this verb: the admission policy that protects compiled policy looks whether it is granted.',
};

const rules = z.array(
  z.object({
    apiGroups: z.array(z.string()),
    resources: z.array(z.string()),
    verbs: z.array(z.string()),
    resourceNames: z.array(z.string()).optional(),
  }),
);
const binding = z.looseObject({
  roleRef: z.object({ kind: z.string(), name: z.string() }),
  subjects: z.array(z.looseObject({ kind: z.string(), name: z.string(), namespace: z.string().optional() })),
});

const lineOf = (verb: string, resource: string, group: string) =>
  `${verb} ${resource}${group === '' ? '' : `.${group}`}`;

/** `patch deployments.apps`, as the roles that are bound to the operator's account have it. */
async function granted(): Promise<ReadonlySet<string>> {
  const found = new Set<string>();
  for (const kind of ['ClusterRoleBinding', 'RoleBinding']) {
    for (const object of await world.list(kind)) {
      const { data } = binding.safeParse(object);
      const isOurs = data?.subjects.some(
        (subject) => subject.name === serviceAccount && subject.namespace === platform,
      );
      if (data === undefined || isOurs !== true) continue;
      const where = data.roleRef.kind === 'Role' ? object.metadata.namespace : undefined;
      const role = await world.must(data.roleRef.kind, data.roleRef.name, where);
      for (const { apiGroups, resources, verbs } of rules.parse(role['rules']))
        for (const group of apiGroups)
          for (const resource of resources)
            for (const verb of verbs) found.add(lineOf(verb, resource, group));
    }
  }
  return found;
}

const events = world.audit.read({ user: world.operatorUser });

function asked({ verb, resource, subresource, group, code }: AuditEvent): readonly string[] {
  const what = subresource === undefined ? resource : `${resource}/${subresource}`;
  // A server-side apply that makes an object needs both.
  const verbs = verb === 'patch' && code === 201 ? ['patch', 'create'] : [verb];
  return verbs.map((each) => lineOf(each, what, group));
}

/** How long an API server takes to read its roles, on a machine that has other things to do. */
const STARTING_MS = 60_000;

/** Whether the same was granted soon after it had been refused. */
function wasMended(refused: AuditEvent): boolean {
  const until = Date.parse(refused.at) + STARTING_MS;
  return events.some(
    (event) =>
      !event.unauthorized &&
      event.at > refused.at &&
      Date.parse(event.at) < until &&
      event.namespace === refused.namespace &&
      event.name === refused.name &&
      asked(event)[0] === asked(refused)[0],
  );
}

const used = new Set(events.filter(({ resource }) => resource !== '').flatMap(asked));

describe('the permissions of the operator', () => {
  it('are all used', async () => {
    const idle = [...(await granted())].filter((each) => !used.has(each) && UNUSED[each] === undefined);
    // Granted, and no suite of this run had the operator do it: take it away, or test what it is for.
    expect(idle.toSorted()).toEqual([]);
  });

  it('are enough: it asks for nothing that it may not do', async () => {
    const may = await granted();
    expect([...used].filter((each) => !may.has(each)).toSorted()).toEqual([]);
  });

  it('are refused only by an API server that starts and does not know them yet', () => {
    const lasting = events.filter(({ unauthorized }) => unauthorized).filter((event) => !wasMended(event));
    const lines = lasting.map((event) => `${asked(event).join(' and ')} at ${event.at}: ${event.uri}`);
    expect(lines).toEqual([]);
  });

  it('have no exception that is none', async () => {
    const may = await granted();
    const wrong = Object.keys(UNUSED).filter((each) => used.has(each) || !may.has(each));
    expect(wrong).toEqual([]);
  });

  it('are those of one account, which asks for nothing that is no resource', () => {
    expect(events.filter(({ resource }) => resource === '').map(({ uri }) => uri)).toEqual([]);
  });
});
