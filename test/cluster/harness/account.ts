// What an account was seen to ask for, by the API server's own record, beside what its roles allow.
import { z } from 'zod';
import type { AuditEvent } from '#scripts/cluster/audit-log.ts';
import { cluster } from './cluster.ts';

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

/** How long an API server takes to read its roles, on a machine that has other things to do. */
const STARTING_MS = 60_000;

const lineOf = (verb: string, resource: string, group: string) =>
  `${verb} ${resource}${group === '' ? '' : `.${group}`}`;

/** `patch deployments.apps`: what an event asked for. */
export function asked({ verb, resource, subresource, group, code }: AuditEvent): readonly string[] {
  const what = subresource === undefined ? resource : `${resource}/${subresource}`;
  // A server-side apply that makes an object needs both.
  const verbs = verb === 'patch' && code === 201 ? ['patch', 'create'] : [verb];
  return verbs.map((each) => lineOf(each, what, group));
}

interface Grant {
  readonly line: string;
  /** Where it holds; absent: in every namespace. */
  readonly namespace?: string | undefined;
  /** Of which objects; absent: of all. */
  readonly names?: readonly string[] | undefined;
}

const allows = (grant: Grant, line: string, { namespace, name }: AuditEvent) =>
  grant.line === line &&
  (grant.namespace === undefined || grant.namespace === namespace) &&
  (grant.names === undefined || grant.names.includes(name ?? ''));

/** A service account, and all that it asked for until now. */
export class Account {
  readonly events: readonly AuditEvent[];
  /** Lines as of `asked`. */
  readonly used: ReadonlySet<string>;
  private readonly namespace: string;
  private readonly name: string;

  constructor(namespace: string, name: string) {
    this.namespace = namespace;
    this.name = name;
    this.events = cluster().audit.read({ user: `system:serviceaccount:${namespace}:${name}` });
    this.used = new Set(this.events.filter(({ resource }) => resource !== '').flatMap(asked));
  }

  /** The same lines, as the roles have them that are bound to it. */
  async granted(): Promise<ReadonlySet<string>> {
    return new Set((await this.grants()).map(({ line }) => line));
  }

  /**
   * What was refused for want of a permission, and not only by an API server that had not read its roles yet. What a role
   * grants is refused by no other.
   */
  async refused(): Promise<readonly string[]> {
    const grants = await this.grants();
    const isGranted = (event: AuditEvent) =>
      asked(event).every((line) => grants.some((grant) => allows(grant, line, event)));
    const lasting = this.events
      .filter(({ unauthorized }) => unauthorized)
      .filter((each) => !isGranted(each) && !this.wasMended(each));
    return lasting.map((event) => `${asked(event).join(' and ')} at ${event.at}: ${event.uri}`);
  }

  private async grants(): Promise<readonly Grant[]> {
    const found: Grant[] = [];
    for (const kind of ['ClusterRoleBinding', 'RoleBinding'] as const) {
      for (const object of await cluster().list(kind)) {
        const { data } = binding.safeParse(object);
        const isOurs = data?.subjects.some(
          (subject) => subject.name === this.name && subject.namespace === this.namespace,
        );
        if (data === undefined || isOurs !== true) continue;
        const where = data.roleRef.kind === 'Role' ? object.metadata.namespace : undefined;
        const role = await cluster().must(data.roleRef.kind, data.roleRef.name, where);
        for (const { apiGroups, resources, verbs, resourceNames } of rules.parse(role['rules'])) {
          const { namespace } = kind === 'RoleBinding' ? object.metadata : {};
          for (const group of apiGroups)
            for (const resource of resources)
              for (const verb of verbs)
                found.push({ line: lineOf(verb, resource, group), namespace, names: resourceNames });
        }
      }
    }
    return found;
  }

  /** Whether the same was granted soon after it had been refused, by a role that is gone by now. */
  private wasMended(refused: AuditEvent): boolean {
    const until = Date.parse(refused.at) + STARTING_MS;
    return this.events.some(
      (event) =>
        !event.unauthorized &&
        event.at > refused.at &&
        Date.parse(event.at) < until &&
        event.namespace === refused.namespace &&
        event.name === refused.name &&
        asked(event)[0] === asked(refused)[0],
    );
  }
}
