// What the API server itself refuses: access given by who may not give it, and compiled policy written by anybody but
// the operator. Each rule and role is tried by somebody who may and by somebody who may not.
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { API_VERSION } from '#api/kind.ts';
import { LABELS, PLATFORM } from '#api/labels.ts';
import { USER_ROLES } from '#api/names.ts';
import { OPERATOR, RIGHTS } from '#constructs/control-plane/names.ts';
import type { ApiAnswer } from '#scripts/engines/api-client.ts';
import { cluster, type Who } from './harness/cluster.ts';
import { goes } from './harness/builders.ts';
import { COLLECTED, eventually, until } from './harness/eventually.ts';
import { makeNamespace, namespace } from './harness/namespace.ts';
import { at, type KubeObject } from './harness/objects.ts';
import { pathOf } from './harness/resources.ts';

const c = cluster();
const here = namespace('admission');
const there = namespace('admission-there');

const RBAC = 'rbac.authorization.k8s.io';
const CLUSTER_WIDE = `admission-${randomBytes(3).toString('hex')}`;

/** Bound in every namespace, so it has to be somebody whom no other test knows. */
const OPERATOR_LIKE = `${CLUSTER_WIDE}-operator`;
const KEEPER = `${CLUSTER_WIDE}-keeper`;

async function made(object: KubeObject): Promise<void> {
  const { status, text } = await c.create(object);
  if (status !== 201) throw new Error(`${object.kind} ${object.metadata.name} was refused: ${text}`);
}

const subjectOf = (who: Who) => [{ kind: 'User', apiGroup: RBAC, name: who }];

type RoleKind = 'Role' | 'ClusterRole';

/** Waits until somebody may do what his role says first: the API server learns of roles in its own time. */
async function isInForce(who: Who, kind: RoleKind, role: string, where: string): Promise<void> {
  await eventually(`${who} may do what ${role} says`, async () => {
    const rules = at(await c.must(kind, role, kind === 'Role' ? where : undefined), 'rules');
    const first = (member: string) => at(rules, 0, member, 0);
    const resourceAttributes = {
      namespace: where,
      verb: first('verbs'),
      group: first('apiGroups'),
      resource: first('resources'),
      name: first('resourceNames'),
    };
    const { text } = await c.send('/apis/authorization.k8s.io/v1/subjectaccessreviews', {
      method: 'POST',
      body: {
        apiVersion: 'authorization.k8s.io/v1',
        kind: 'SubjectAccessReview',
        spec: { user: who, resourceAttributes },
      },
    });
    const review: unknown = JSON.parse(text);
    return at(review, 'status', 'allowed') === true;
  });
}

/** Gives somebody a role in one namespace. */
async function bind(who: Who, kind: RoleKind, role: string, where: string): Promise<void> {
  await made({
    apiVersion: `${RBAC}/v1`,
    kind: 'RoleBinding',
    metadata: { name: `${who}-${role}`, namespace: where },
    roleRef: { apiGroup: RBAC, kind, name: role },
    subjects: subjectOf(who),
  });
  await isInForce(who, kind, role, where);
}

/** Gives somebody rules in one namespace. */
async function allow(who: Who, where: string, rules: readonly object[]): Promise<void> {
  await made({
    apiVersion: `${RBAC}/v1`,
    kind: 'Role',
    metadata: { name: who, namespace: where },
    rules,
  });
  await bind(who, 'Role', who, where);
}

async function bindEverywhere(who: Who, role: string): Promise<void> {
  await made({
    apiVersion: `${RBAC}/v1`,
    kind: 'ClusterRoleBinding',
    metadata: { name: who },
    roleRef: { apiGroup: RBAC, kind: 'ClusterRole', name: role },
    subjects: subjectOf(who),
  });
  await isInForce(who, 'ClusterRole', role, here);
}

const failure = z.object({ message: z.string() });

/** `done`, or what the API server said against it. */
function outcome({ status, text }: ApiAnswer): string {
  if (status < 300) return 'done';
  const json: unknown = JSON.parse(text);
  const { message } = failure.parse(json);
  if (status !== 403) throw new Error(`was answered with ${status}: ${message}`);
  return message;
}

const creates = async (who: Who, object: KubeObject, query = '') =>
  outcome(await c.create(object, { as: who, query }));

const merges = async (who: Who, kind: string, name: string, body: object, where = here) =>
  outcome(
    await c.send(pathOf(kind, where, name), {
      as: who,
      method: 'PATCH',
      body,
      contentType: 'application/merge-patch+json',
    }),
  );

const deletes = async (who: Who, kind: string, name: string | undefined, where = here) =>
  outcome(await c.send(pathOf(kind, where, name), { as: who, method: 'DELETE' }));

let count = 0;
const fresh = (prefix: string) => `${prefix}-${String((count += 1))}`;

const aGrant = (spec: object = {}): KubeObject => ({
  apiVersion: API_VERSION,
  kind: 'MCPAccessGrant',
  metadata: { name: fresh('grant'), namespace: here },
  spec: { serverRef: { name: 'notes' }, subject: { humanID: 'user-1' }, maxTrust: 'low', ...spec },
});

const aSession = (spec: object = {}): KubeObject => ({
  apiVersion: API_VERSION,
  kind: 'MCPAgentSession',
  metadata: { name: fresh('session'), namespace: here },
  spec: { serverRef: { name: 'notes' }, subject: { humanID: 'user-1' }, ...spec },
});

const aServer = (): KubeObject => ({
  apiVersion: API_VERSION,
  kind: 'MCPServer',
  metadata: { name: fresh('server'), namespace: here },
  spec: { image: 'registry.example.org/notes:1.0.0' },
});

/** Makes it as somebody who may do anything, and returns its name. */
async function given(object: KubeObject): Promise<string> {
  await made(object);
  return object.metadata.name;
}

const ours = { [LABELS.managedBy]: PLATFORM };

function aConfigMap(name: string, labels: Readonly<Record<string, string>> = {}, key = 'note'): KubeObject {
  const data = { [key]: '{}' };
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: here, labels }, data };
}

const writeAll = (resource: string, group = 'mcpruntime.org') => ({
  apiGroups: [group],
  resources: [resource],
  verbs: ['get', 'list', 'create', 'update', 'patch', 'delete', 'deletecollection'],
});

const may = (right: string, resourceNames: readonly string[]) => ({
  apiGroups: ['mcpruntime.org'],
  resources: ['mcpservers'],
  verbs: [right],
  resourceNames,
});

/** May write grants and sessions as far as RBAC goes, and has no right on any server. */
const WRITER = 'writer';
const GRANTOR = 'grantor';
const CONSENTER = 'consenter';
const REVOKER = 'revoker';
/** May write ConfigMaps, and anything else there is in the namespace. */
const TENANT = 'tenant';

beforeAll(async () => {
  await allow(WRITER, here, [writeAll('mcpaccessgrants'), writeAll('mcpagentsessions')]);
  await bind(GRANTOR, 'ClusterRole', USER_ROLES.grantor, here);
  await bind(CONSENTER, 'ClusterRole', USER_ROLES.consenter, here);
  await bind(REVOKER, 'ClusterRole', USER_ROLES.revoker, here);
  await bind(TENANT, 'ClusterRole', 'cluster-admin', here);
  await bind('viewer', 'ClusterRole', 'view', here);
  await bind('editor', 'ClusterRole', 'edit', here);
  await bind('administrator', 'ClusterRole', 'admin', here);
  await bindEverywhere(OPERATOR_LIKE, OPERATOR.role);
  await made({
    apiVersion: `${RBAC}/v1`,
    kind: 'ClusterRole',
    metadata: { name: KEEPER },
    rules: [
      { apiGroups: ['mcpruntime.org'], resources: ['mcpservers'], verbs: [RIGHTS.compile] },
      writeAll('configmaps', ''),
    ],
  });
  await bindEverywhere(KEEPER, KEEPER);
});

afterAll(async () => {
  await c.delete('ClusterRole', KEEPER);
  for (const name of [OPERATOR_LIKE, KEEPER]) await c.delete('ClusterRoleBinding', name);
});

describe('a grant', () => {
  it('is made by who may grant on its server, and by nobody else', async () => {
    expect(await creates(GRANTOR, aGrant())).toBe('done');
    const refused = await creates(WRITER, aGrant());
    expect(refused).toContain(`user writer may not write mcpaccessgrants about server ${here}/notes`);
    expect(refused).toContain('needs the verb grant on mcpservers.mcpruntime.org notes');
    expect(refused).toContain('RoleBinding to ClusterRole mcp-runtime-grantor');
  });

  it('is applied with kubectl by who may, and kubectl tells who may not', async () => {
    const grant = aGrant();
    const applied = await c.apply(grant, { as: GRANTOR });
    expect(applied.stdout).toContain(`${grant.metadata.name} created`);
    const refused = await c.apply(
      { ...grant, spec: aGrant({ maxTrust: 'high' })['spec'] },
      {
        as: WRITER,
        allowFailure: true,
      },
    );
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining('needs the verb grant')]);
  });

  it('about a server of another namespace needs the right there', async () => {
    const about = { serverRef: { name: 'notes', namespace: there } };
    expect(await creates(GRANTOR, aGrant(about))).toContain(`in namespace ${there}`);
    await bind('grantor-there', 'ClusterRole', USER_ROLES.grantor, there);
    await bind('grantor-there', 'ClusterRole', USER_ROLES.revoker, here);
    const name = await given(aGrant(about));
    expect(await merges('grantor-there', 'MCPAccessGrant', name, { spec: { maxTrust: 'high' } })).toBe(
      'done',
    );
  });

  it('needs the right on that very server', async () => {
    await allow('of-one', here, [writeAll('mcpaccessgrants'), may(RIGHTS.grant, ['notes'])]);
    expect(await creates('of-one', aGrant())).toBe('done');
    expect(await creates('of-one', aGrant({ serverRef: { name: 'mail' } }))).toContain(`server ${here}/mail`);
  });

  it('is changed by who may grant; its labels by anybody who may write it', async () => {
    const name = await given(aGrant());
    const more = { spec: { maxTrust: 'high' } };
    expect(await merges(WRITER, 'MCPAccessGrant', name, more)).toContain('needs the verb grant');
    expect(await merges(WRITER, 'MCPAccessGrant', name, { metadata: { labels: { a: 'b' } } })).toBe('done');
    expect(await merges(GRANTOR, 'MCPAccessGrant', name, more)).toBe('done');
  });

  it('is disabled by who may not grant, but not enabled again, nor changed on the way', async () => {
    const name = await given(aGrant());
    const both = { spec: { disabled: true, subject: { humanID: 'user-2' } } };
    expect(await merges(REVOKER, 'MCPAccessGrant', name, both)).toContain('needs the verb grant');
    const removed = { spec: { disabled: true, subject: null } };
    expect(await merges(REVOKER, 'MCPAccessGrant', name, removed)).toContain('needs the verb grant');
    const added = { spec: { disabled: true, allowedSideEffects: ['read'] } };
    expect(await merges(REVOKER, 'MCPAccessGrant', name, added)).toContain('needs the verb grant');
    expect(await merges(REVOKER, 'MCPAccessGrant', name, { spec: { disabled: true } })).toBe('done');
    expect(await merges(REVOKER, 'MCPAccessGrant', name, { spec: { disabled: false } })).toContain(
      'needs the verb grant',
    );
    expect(await merges(REVOKER, 'MCPAccessGrant', name, { spec: { disabled: null } })).toContain(
      'needs the verb grant',
    );
    expect(await merges(GRANTOR, 'MCPAccessGrant', name, { spec: { disabled: false } })).toBe('done');
  });

  it('that denies is disabled by who may grant alone, since that gives access', async () => {
    const name = await given(aGrant({ toolRules: [{ name: 'look', decision: 'deny' }] }));
    const off = { spec: { disabled: true } };
    expect(await merges(REVOKER, 'MCPAccessGrant', name, off)).toContain(
      'a grant that denies nothing may still',
    );
    expect(await merges(GRANTOR, 'MCPAccessGrant', name, off)).toBe('done');
  });

  it('is moved to another server by who may grant on both', async () => {
    const name = await given(aGrant({ serverRef: { name: 'mail' } }));
    await allow('of-notes', here, [writeAll('mcpaccessgrants'), may(RIGHTS.grant, ['notes'])]);
    await allow('of-both', here, [writeAll('mcpaccessgrants'), may(RIGHTS.grant, ['notes', 'mail'])]);
    const move = { spec: { serverRef: { name: 'notes' } } };
    expect(await merges('of-notes', 'MCPAccessGrant', name, move)).toContain(`server ${here}/mail`);
    expect(await merges('of-both', 'MCPAccessGrant', name, move)).toBe('done');
  });

  it('is decided about however large it is', async () => {
    const condition = `'${'x'.repeat(1000)}' != ''`;
    const toolRules = Array.from({ length: 512 }, (_, index) => ({
      name: `tool-${index}`,
      decision: 'allow',
      condition,
    }));
    const name = await given(aGrant({ toolRules }));
    expect(await merges(REVOKER, 'MCPAccessGrant', name, { spec: { maxTrust: 'high' } })).toContain(
      'needs the verb grant',
    );
    expect(await merges(REVOKER, 'MCPAccessGrant', name, { spec: { disabled: true } })).toBe('done');
  });

  it('has its status written by the operator, who may not grant', async () => {
    const name = await given(aGrant());
    const path = `${pathOf('MCPAccessGrant', here, name)}/status`;
    const live = await c.must('MCPAccessGrant', name, here);
    const body = { ...live, status: { observedGeneration: 1, phase: 'Unbound' } };
    const write = (as: Who) => c.send(path, { as, method: 'PUT', body });
    // The operator under test may have been faster; then this one is behind, but not forbidden.
    expect([200, 409]).toContain((await write(OPERATOR_LIKE)).status);
    expect((await write(GRANTOR)).status).toBe(403);
    expect(await creates(OPERATOR_LIKE, aGrant())).toContain('cannot create resource "mcpaccessgrants"');
  });
});

describe('a session', () => {
  it('is made by who may consent on its server, and by nobody else', async () => {
    expect(await creates(CONSENTER, aSession())).toBe('done');
    const refused = await creates(WRITER, aSession());
    expect(refused).toContain(`user writer may not write mcpagentsessions about server ${here}/notes`);
    expect(refused).toContain('needs the verb consent on mcpservers.mcpruntime.org notes');
    expect(refused).toContain('RoleBinding to ClusterRole mcp-runtime-consenter');
  });

  it('needs another right than a grant', async () => {
    await allow('of-grants', here, [
      writeAll('mcpagentsessions'),
      writeAll('mcpaccessgrants'),
      may(RIGHTS.grant, ['notes']),
    ]);
    await allow('of-sessions', here, [
      writeAll('mcpagentsessions'),
      writeAll('mcpaccessgrants'),
      may(RIGHTS.consent, ['notes']),
    ]);
    expect(await creates('of-grants', aSession())).toContain('needs the verb consent');
    expect(await creates('of-sessions', aGrant())).toContain('needs the verb grant');
    expect(await creates('of-sessions', aSession())).toBe('done');
  });

  it('is revoked by who may not consent, and not changed on the way', async () => {
    const name = await given(aSession());
    const both = { spec: { revoked: true, consentedTrust: 'high' } };
    expect(await merges(REVOKER, 'MCPAgentSession', name, both)).toContain('needs the verb consent');
    expect(
      await merges(REVOKER, 'MCPAgentSession', name, { spec: { expiresAt: '2099-01-01T00:00:00Z' } }),
    ).toContain('a session may still be revoked');
    expect(await merges(REVOKER, 'MCPAgentSession', name, { spec: { revoked: true } })).toBe('done');
  });

  it('stays revoked, whoever tries', async () => {
    const name = await given(aSession({ revoked: true }));
    const answer = await c.send(pathOf('MCPAgentSession', here, name), {
      method: 'PATCH',
      body: { spec: { revoked: false } },
      contentType: 'application/merge-patch+json',
    });
    expect([answer.status, answer.text]).toEqual([422, expect.stringContaining('stays revoked')]);
  });

  it('that has ended is removed by the operator, who may not consent', async () => {
    const name = await given(aSession({ revoked: true }));
    expect(await merges(OPERATOR_LIKE, 'MCPAgentSession', name, { spec: { policyVersion: 'v2' } })).toContain(
      'cannot patch resource',
    );
    expect(await deletes(OPERATOR_LIKE, 'MCPAgentSession', name)).toBe('done');
    expect(await c.get('MCPAgentSession', name, here)).toBeUndefined();
  });
});

describe("a ConfigMap of the platform's", () => {
  const refusal = 'needs the verb compile on mcpservers.mcpruntime.org in a ClusterRole';

  it('is written by the operator, and by nobody who may do anything in its namespace', async () => {
    const name = fresh('compiled');
    expect(await creates(TENANT, aConfigMap(name, ours))).toContain(
      `write ConfigMap ${here}/${name}: it holds`,
    );
    expect(await creates(OPERATOR_LIKE, aConfigMap(name, ours))).toBe('done');
    const forged = { data: { note: 'forged' } };
    expect(await merges(TENANT, 'ConfigMap', name, forged)).toContain(refusal);
    expect(await deletes(TENANT, 'ConfigMap', name)).toContain(refusal);
    expect(await merges(OPERATOR_LIKE, 'ConfigMap', name, forged)).toBe('done');
    expect(await deletes(OPERATOR_LIKE, 'ConfigMap', name)).toBe('done');
  });

  it('is written by whoever has the right in every namespace', async () => {
    const name = fresh('compiled');
    expect(await creates(KEEPER, aConfigMap(name, ours))).toBe('done');
    expect(await deletes(KEEPER, 'ConfigMap', name)).toBe('done');
  });

  it('neither loses nor takes on the mark by others', async () => {
    const marked = await given(aConfigMap(fresh('compiled'), ours));
    const without = { metadata: { labels: { [LABELS.managedBy]: null } } };
    expect(await merges(TENANT, 'ConfigMap', marked, without)).toContain(refusal);
    const plain = await given(aConfigMap(fresh('plain')));
    expect(await merges(TENANT, 'ConfigMap', plain, { metadata: { labels: ours } })).toContain(refusal);
  });

  it('is not one of a collection that others delete', async () => {
    const name = await given(aConfigMap(fresh('compiled'), ours));
    expect(await deletes(TENANT, 'ConfigMap', undefined)).toContain(`ConfigMap ${here}/`);
    expect(await c.must('ConfigMap', name, here)).toMatchObject({ data: { note: '{}' } });
  });

  it('is known by its name, too, where one without the mark would be read', async () => {
    expect(await creates(TENANT, aConfigMap('mcp-runtime-tombstones'))).toContain(refusal);
    expect(await creates(TENANT, aConfigMap('notes-gateway-policy', {}, 'policy.json'))).toContain(refusal);
    const { metadata, ...rest } = aConfigMap('mail-gateway-policy');
    const packed = { ...rest, metadata, data: {}, binaryData: { 'policy.json.gz': 'e30=' } };
    expect(await creates(TENANT, packed)).toContain(refusal);
  });

  it('is no other ConfigMap', async () => {
    const bare = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: fresh('bare'), namespace: here } };
    for (const object of [
      bare,
      aConfigMap(fresh('plain'), { app: 'notes' }),
      aConfigMap('my-gateway-policy'),
    ]) {
      const { name } = object.metadata;
      expect(await creates(TENANT, object)).toBe('done');
      expect(await merges(TENANT, 'ConfigMap', name, { data: { note: 'mine' } })).toBe('done');
      expect(await deletes(TENANT, 'ConfigMap', name)).toBe('done');
    }
    const { kind, apiVersion } = bare;
    const generated = await c.send(pathOf('ConfigMap', here), {
      as: TENANT,
      method: 'POST',
      body: { kind, apiVersion, metadata: { generateName: 'some-' } },
    });
    expect(outcome(generated)).toBe('done');
  });

  it('goes with what owned it, and is left by what gives it up', async () => {
    const owned = async (owner: string) => {
      const { uid } = (await c.must('ConfigMap', owner, here)).metadata;
      const { metadata, ...rest } = aConfigMap(fresh('compiled'), ours);
      const ownerReferences = [{ apiVersion: 'v1', kind: 'ConfigMap', name: owner, uid: String(uid) }];
      return await given({ ...rest, metadata: { ...metadata, ownerReferences } });
    };
    const first = await given(aConfigMap(fresh('owner')));
    const collected = await owned(first);
    const second = await given(aConfigMap(fresh('owner')));
    const orphaned = await owned(second);
    expect(await deletes(TENANT, 'ConfigMap', first)).toBe('done');
    await c.kubectl(['delete', 'configmap', second, '-n', here, '--cascade=orphan'], { as: TENANT });
    await goes('ConfigMap', here, collected, COLLECTED);
    await until(
      'garbage collection took the reference off',
      async () => at(await c.must('ConfigMap', orphaned, here), 'metadata', 'ownerReferences'),
      (owners) => owners === undefined,
      COLLECTED,
    );
  });

  it('does not keep a namespace from being deleted', async () => {
    const name = `${here}-ends`;
    await makeNamespace(name);
    const { metadata, ...rest } = aConfigMap('compiled', ours);
    await made({ ...rest, metadata: { ...metadata, namespace: name } });
    await c.delete('Namespace', name);
    await eventually(
      'the namespace is gone',
      async () => (await c.get('Namespace', name)) === undefined,
      COLLECTED,
    );
  });
});

describe('the roles that every cluster has', () => {
  const dry = '?dryRun=All';

  it('let a viewer see all three kinds, and write none', async () => {
    for (const kind of ['MCPServer', 'MCPAccessGrant', 'MCPAgentSession']) {
      await eventually(`a viewer sees ${kind}`, async () => {
        return (await c.send(pathOf(kind, here), { as: 'viewer' })).status === 200;
      });
    }
    for (const object of [aServer(), aGrant(), aSession()]) {
      expect(await creates('viewer', object, dry)).toContain('cannot create resource');
    }
    expect((await c.send(pathOf('MCPServer', here), { as: 'nobody' })).status).toBe(403);
  });

  it.each(['editor', 'administrator'])(
    'let an %s write servers, and nothing about who may use them',
    async (who) => {
      await eventually(`${who} writes servers`, async () => {
        return (await creates(who, aServer(), dry)) === 'done';
      });
      expect(await creates(who, aGrant(), dry)).toContain('cannot create resource "mcpaccessgrants"');
      expect(await creates(who, aSession(), dry)).toContain('cannot create resource "mcpagentsessions"');
      expect((await c.send(pathOf('MCPAccessGrant', here), { as: who })).status).toBe(200);
    },
  );

  it('do not let an admin of a namespace become a grantor by himself', async () => {
    const binding = [
      'create',
      'rolebinding',
      'mine',
      '--user=administrator',
      `--clusterrole=${USER_ROLES.grantor}`,
    ];
    const refused = await c.kubectl([...binding, '-n', here], { as: 'administrator', allowFailure: true });
    expect([refused.code, refused.stderr]).toEqual([
      1,
      expect.stringContaining('attempting to grant RBAC permissions not currently held'),
    ]);
  });
});

describe('the roles that are bound', () => {
  it('let a grantor write grants and no sessions, a consenter sessions and no grants', async () => {
    expect(await creates(GRANTOR, aSession())).toContain('cannot create resource "mcpagentsessions"');
    expect(await creates(CONSENTER, aGrant())).toContain('cannot create resource "mcpaccessgrants"');
    const [grant, session] = [await given(aGrant()), await given(aSession())];
    expect(await deletes(GRANTOR, 'MCPAccessGrant', grant)).toBe('done');
    expect(await deletes(CONSENTER, 'MCPAgentSession', session)).toBe('done');
  });

  it('let a revoker neither make nor remove anything', async () => {
    expect(await creates(REVOKER, aGrant())).toContain('cannot create resource');
    expect(await creates(REVOKER, aSession())).toContain('cannot create resource');
    const name = await given(aSession());
    expect(await deletes(REVOKER, 'MCPAgentSession', name)).toContain('cannot delete resource');
  });

  it('let none of them write servers', async () => {
    for (const who of [GRANTOR, CONSENTER, REVOKER]) {
      expect(await creates(who, aServer(), '?dryRun=All')).toContain('cannot create resource "mcpservers"');
    }
  });
});

describe('a role for one object by its name', () => {
  it('lets a server-side apply make that object, and no other', async () => {
    const who = 'maker';
    const verbs = ['get', 'create', 'patch'];
    await allow(who, here, [{ apiGroups: [''], resources: ['secrets'], verbs, resourceNames: ['pull'] }]);
    const applies = async (name: string) => {
      const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace: here } };
      return await c.apply(secret, { as: who, serverSide: true, allowFailure: true });
    };
    expect((await applies('pull')).stderr).toBe('');
    expect((await applies('other')).stderr).toContain('cannot patch resource "secrets"');
  });
});
