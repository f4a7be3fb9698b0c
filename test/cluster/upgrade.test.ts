// Objects that were stored before a rule was made: they go on being reported on and edited, as long as what is wrong in
// them is not what somebody changes. The definition of those days stands beside today's, under a group of its own.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { z } from 'zod';
import type { ApiAnswer } from '#scripts/engines/api-client.ts';
import { cluster } from './harness/cluster.ts';
import { eventually } from './harness/eventually.ts';
import { namespace } from './harness/namespace.ts';
import { at, isKubeObject, type KubeObject } from './harness/objects.ts';

const world = cluster();
const ns = namespace('upgrade');

const group = 'upgrade.mcpruntime.org';
const definitionName = `mcpservers.${group}`;
const objects = `/apis/${group}/v1alpha1/namespaces/${ns}/mcpservers`;

/** Today's definition of a server, but for its group, so that it disturbs nobody. */
function today(): KubeObject {
  const text = readFileSync(path.resolve(import.meta.dirname, '../../crds/mcpservers.yaml'), 'utf8');
  const renamed = text.replaceAll('mcpservers.mcpruntime.org', definitionName);
  const definition = z.looseObject({ spec: z.looseObject({}) }).parse(parse(renamed));
  const { names } = z.object({ names: z.looseObject({ shortNames: z.unknown() }) }).parse(definition.spec);
  const spec = { ...definition.spec, group, names: { ...names, shortNames: [], categories: [] } };
  const object: unknown = { ...definition, spec };
  if (!isKubeObject(object)) throw new Error('crds/mcpservers.yaml is no object');
  return object;
}

/** What bounds a value; an older definition has none of it. */
const BOUNDS = new Set([
  'x-kubernetes-validations',
  'maxLength',
  'minLength',
  'pattern',
  'maxItems',
  'maxProperties',
  'minimum',
  'maximum',
]);

function withoutBounds(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutBounds);
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).filter(
    ([name, of]) => !BOUNDS.has(name) || (typeof of === 'object' && name !== 'x-kubernetes-validations'),
  );
  return Object.fromEntries(members.map(([name, of]) => [name, withoutBounds(of)]));
}

/** The definition before anybody thought of a bound or a rule. */
function before(): KubeObject {
  const object = withoutBounds(today());
  if (!isKubeObject(object)) throw new Error('no definition');
  return object;
}

/** Today's rules and bounds refuse it: two ports are one, and a name is longer than any may be. */
const oldSpec = {
  image: 'registry.example.org/notes:1.0.0',
  port: 8091,
  gateway: { enabled: true, port: 8091 },
  publicPathPrefix: '///',
  teamID: 'a team with blanks',
};

function server(name: string, spec: object): KubeObject {
  const metadata = { name, namespace: ns };
  return { apiVersion: `${group}/v1alpha1`, kind: 'MCPServer', metadata, spec };
}

const create = (name: string, spec: object): Promise<ApiAnswer> =>
  world.send(objects, { method: 'POST', body: server(name, spec) });

const merge = (at: string, body: object): Promise<ApiAnswer> =>
  world.send(`${objects}/${at}`, { method: 'PATCH', body, contentType: 'application/merge-patch+json' });

async function stored(name: string): Promise<KubeObject> {
  const { text } = await world.send(`${objects}/${name}`);
  const json: unknown = JSON.parse(text);
  if (!isKubeObject(json)) throw new Error(text);
  return json;
}

describe('an object of before', () => {
  beforeAll(async () => {
    await world.apply(before(), { serverSide: true });
    await eventually(
      'the older definition is served',
      async () => (await world.send(objects)).status === 200,
    );
    const made = await create('old', oldSpec);
    expect(made.status).toBe(201);
    // Replaced, as an upgrade does; what the older one lacks comes back with it.
    const { metadata } = await world.must('CustomResourceDefinition', definitionName);
    const body = { ...today(), metadata: { ...today().metadata, resourceVersion: metadata.resourceVersion } };
    expect((await world.replace(body)).status).toBe(200);
    await eventually('today is in force', async () => {
      const { status } = await create('probe', oldSpec);
      if (status === 201) await world.send(`${objects}/probe`, { method: 'DELETE' });
      return status === 422;
    });
  });

  afterAll(async () => {
    await world.delete('CustomResourceDefinition', definitionName);
  });

  it('is refused when it is new', async () => {
    const { status, text } = await create('new', oldSpec);
    expect(status).toBe(422);
    expect(text).toContain("the gateway's port must differ from the server's port");
    expect(text).toContain('publicPathPrefix');
  });

  it('takes a status', async () => {
    const condition = {
      type: 'Ready',
      status: 'False',
      reason: 'Invalid',
      message: 'the ports are one',
      lastTransitionTime: '2030-01-31T12:00:00Z',
    };
    const answer = await merge('old/status', { status: { observedGeneration: 1, conditions: [condition] } });
    expect(answer.status).toBe(200);
    expect(at(await stored('old'), 'status', 'conditions', 0, 'reason')).toBe('Invalid');
  });

  it('takes a status that replaces the one it has', async () => {
    const object = await stored('old');
    const body = { ...object, status: { observedGeneration: 2 } };
    expect((await world.send(`${objects}/old/status`, { method: 'PUT', body })).status).toBe(200);
    expect(at(await stored('old'), 'status')).toEqual({ observedGeneration: 2 });
  });

  it('takes labels and annotations', async () => {
    const metadata = { labels: { team: 'a' }, annotations: { note: 'old' } };
    expect((await merge('old', { metadata })).status).toBe(200);
    expect(at(await stored('old'), 'metadata', 'labels', 'team')).toBe('a');
  });

  it('is refused a change that keeps a rule broken, with the rule', async () => {
    const { status, text } = await merge('old', { spec: { gateway: { port: 8091, image: 'proxy:2' } } });
    expect(status).toBe(422);
    expect(text).toContain("the gateway's port must differ from the server's port");
  });

  it('is refused a change of the field that is wrong to something wrong again', async () => {
    const { status, text } = await merge('old', { spec: { port: 8088, publicPathPrefix: '//' } });
    expect(status).toBe(422);
    expect(text).toContain('publicPathPrefix');
  });

  it('takes a change that mends the rules, while old values of other fields stay', async () => {
    expect((await merge('old', { spec: { port: 8088, replicas: 2 } })).status).toBe(200);
    const spec = at(await stored('old'), 'spec');
    expect(spec).toMatchObject({
      port: 8088,
      replicas: 2,
      publicPathPrefix: '///',
      teamID: 'a team with blanks',
    });
    expect((await merge('old', { spec: { description: 'unrelated' } })).status).toBe(200);
  });
});
