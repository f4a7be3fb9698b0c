// What the operator may write of Secrets, by the API server's own rules: its role reaches every one, because no rule of
// RBAC can hold the names of servers; the admission policy leaves it those that are its own.
import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { LABELS, PLATFORM } from '#api/labels.ts';
import { AUTHORITY_SECRET, DISTRIBUTOR } from '#api/names.ts';
import { DEFAULT_PULL_SECRET } from '#constructs/control-plane/names.ts';
import type { ApiAnswer } from '#scripts/engines/api-client.ts';
import { make } from './harness/builders.ts';
import { cluster } from './harness/cluster.ts';
import { namespace } from './harness/namespace.ts';
import { at, type KubeObject } from './harness/objects.ts';
import { pathOf } from './harness/resources.ts';

const world = cluster();
const ns = namespace('secrets');
const platform = world.about.operator.namespace;
const as = world.operatorUser;
/** Nothing of this is stored: it would be a surprise to the operator that runs. */
const query = '?dryRun=All';

const ours = { [LABELS.managedBy]: PLATFORM };

const aSecret = (name: string, labels: Readonly<Record<string, string>> = {}, where = ns): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name, namespace: where, labels },
  type: 'Opaque',
  data: {},
});

/** `done`, or what was said against it. */
function outcome({ status, text }: ApiAnswer): string {
  if (status < 300) return 'done';
  const json: unknown = JSON.parse(text);
  return `${status} ${z.object({ message: z.string() }).parse(json).message}`;
}

const creates = async (secret: KubeObject) => outcome(await world.create(secret, { as, query }));

const deletes = async (name: string) =>
  outcome(await world.send(`${pathOf('Secret', ns, name)}${query}`, { as, method: 'DELETE' }));

const replaces = async (name: string, labels: Readonly<Record<string, string>>) => {
  const live = await world.must('Secret', name, ns);
  return outcome(await world.replace({ ...live, metadata: { ...live.metadata, labels } }, { as, query }));
};

const REFUSED = /^403 .*the operator may not write Secret/;

describe('the operator', () => {
  it('makes keys of servers, the pull secret and what the platform is known by', async () => {
    expect(await creates(aSecret('notes-gateway-keys', ours))).toBe('done');
    expect(await creates(aSecret(DEFAULT_PULL_SECRET))).toBe('done');
    expect(await creates(aSecret(AUTHORITY_SECRET, {}, platform))).not.toMatch(REFUSED);
  });

  it.each([
    ['of another name', aSecret('login', ours)],
    ['of keys without its label', aSecret('notes-gateway-keys')],
    ["of the platform's name elsewhere", aSecret(AUTHORITY_SECRET, ours)],
    ["of the distributors' name elsewhere", aSecret(DISTRIBUTOR.tlsSecret, ours)],
  ])('makes no Secret %s', async (_what, secret) => {
    expect(await creates(secret)).toMatch(REFUSED);
  });

  it('changes and deletes keys that it made, and nothing else, whatever its name', async () => {
    await make(aSecret('own-gateway-keys', ours), aSecret('their-gateway-keys'), aSecret('login', ours));
    expect(await replaces('own-gateway-keys', { ...ours, more: 'yes' })).toBe('done');
    expect(await deletes('own-gateway-keys')).toBe('done');
    // Neither by a label that it puts on, nor by one that it takes off.
    expect(await replaces('their-gateway-keys', ours)).toMatch(REFUSED);
    expect(await replaces('own-gateway-keys', {})).toMatch(REFUSED);
    expect(await deletes('their-gateway-keys')).toMatch(REFUSED);
    expect(await deletes('login')).toMatch(REFUSED);
  });

  it.each(['list', 'watch', 'deletecollection'])('has no Secrets but one by one: no %s', async (verb) => {
    const { status, text } = await world.send('/apis/authorization.k8s.io/v1/subjectaccessreviews', {
      method: 'POST',
      body: {
        apiVersion: 'authorization.k8s.io/v1',
        kind: 'SubjectAccessReview',
        spec: { user: as, resourceAttributes: { namespace: ns, verb, resource: 'secrets' } },
      },
    });
    const json: unknown = JSON.parse(text);
    expect([status, at(json, 'status', 'allowed')]).toEqual([201, false]);
  });
});

describe('everybody else', () => {
  it('writes Secrets as ever', async () => {
    expect((await world.create(aSecret('mine'), { query })).status).toBe(201);
    expect((await world.create(aSecret('mine-gateway-keys'), { query })).status).toBe(201);
  });
});
