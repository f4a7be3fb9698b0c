import { describe, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import { decide } from '#policy/decide.ts';
import { isBehind, renderPolicy, sealPolicy, standsFor, type PolicyDocument } from '#policy/document.ts';
import { explain } from '#policy/explain.ts';
import { indexPolicy } from '#policy/policy-index.ts';
import {
  openPolicyFiles,
  POLICY_FILE_LIMITS,
  policyFiles,
  policyTextOf,
  readPolicyFiles,
  stubOf,
  type PolicyFiles,
} from '#policy/policy-file.ts';
import { aCall, aGrant, aPolicy, aServer, NOW_MS } from './build.ts';

const inputs = { servers: '10', grants: '20', sessions: '30', tombstones: '40' };
const { document } = aPolicy({ grants: [aGrant()], inputs });

/** The document with so many sessions, whose subjects compress badly. */
function withSessions(count: number): PolicyDocument {
  const { revision, inputs: order, epoch, ...content } = document;
  expect(revision).toBe(document.revision);
  const sessions = Array.from({ length: count }, (_, at) => ({
    namespace: 'team-a',
    name: `session-${at}`,
    subject: { human: createHash('sha256').update(String(at)).digest('hex') },
    consentedTrust: 'high' as const,
    revoked: false,
  }));
  return sealPolicy({ ...content, sessions }, order, epoch);
}

const large = withSessions(2_000);
const huge = withSessions(28_000);

function bytesOf({ binaryData }: PolicyFiles): Buffer {
  return Buffer.from(binaryData?.['policy.json.gz'] ?? '', 'base64');
}

describe('the files of a policy', () => {
  it('are one of plain text while it is small', () => {
    expect(policyFiles(document)).toEqual({
      form: 'plain',
      data: { 'policy.json': renderPolicy(document) },
    });
  });

  it('are one of compressed text, the same for the same document, past 256 KiB', () => {
    const files = policyFiles(large);
    expect(Object.keys(files)).toEqual(['form', 'binaryData']);
    expect(files.form).toBe('gzip');
    expect(gunzipSync(bytesOf(files)).toString()).toBe(renderPolicy(large));
    expect(policyFiles(large)).toEqual(files);
    // Neither a time nor the system it was made on.
    expect(bytesOf(files).subarray(4, 8)).toEqual(Buffer.alloc(4));
    expect(bytesOf(files)[9]).toBe(255);
  });

  it('are a stub in place of what is too large for a ConfigMap', () => {
    const files = policyFiles(huge);
    expect(files.form).toBe('stub');
    expect(JSON.stringify(files).length).toBeLessThan(POLICY_FILE_LIMITS.plain);
    expect(openPolicyFiles(files)).toEqual({ ok: true, value: stubOf(huge) });
  });

  it.each([
    ['plain', document],
    ['gzip', large],
    ['stub', huge],
  ])('tell their revision and form in a live ConfigMap: %s', (form, held) => {
    expect(readPolicyFiles(policyFiles(held))).toEqual({ revision: held.revision, form });
  });

  it.each<[string, unknown]>([
    ['nothing', { metadata: {} }],
    ['another key', { data: { 'other.json': '{}' } }],
    ['no JSON', { data: { 'policy.json': '{' } }],
    ['another shape', { data: { 'policy.json': '{"revision":"sha256:0"}' } }],
    ['bytes that are no gzip', { binaryData: { 'policy.json.gz': 'AAAA' } }],
    ['no object', 'text'],
  ])('of a ConfigMap that holds %s are none', (_what, object) => {
    expect(readPolicyFiles(object)).toBeUndefined();
    expect(openPolicyFiles(object).ok).toBe(false);
  });

  it('are proven whole when they are opened', () => {
    const text = renderPolicy(document).replace('"maxTrust": "high"', '"maxTrust": "low"');
    expect(openPolicyFiles({ data: { 'policy.json': text } })).toMatchObject({
      ok: false,
      error: [{ path: 'revision' }],
    });
    expect(openPolicyFiles(policyFiles(large))).toEqual({ ok: true, value: large });
  });

  it('are text again for whoever reads them from a folder', () => {
    expect(policyTextOf('policy.json.gz', bytesOf(policyFiles(large)))).toBe(renderPolicy(large));
    expect(policyTextOf('policy.json', Buffer.from('{"ä":1}'))).toBe('{"ä":1}');
    expect(() => policyTextOf('policy.json.gz', Buffer.from('{}'))).toThrow();
  });
});

describe('a stub', () => {
  it('denies what its document allows, even where that only observes, and says why', () => {
    const server = aServer({ policy: { mode: 'observe', defaultDecision: 'allow' } });
    const observing = aPolicy({ server, grants: [aGrant()] }).document;
    expect(decide(indexPolicy(observing), aCall(), NOW_MS).outcome).toBe('allow');
    const { decision, steps } = explain(indexPolicy(stubOf(observing)), aCall(), NOW_MS);
    expect(decision).toMatchObject({ outcome: 'deny', reason: 'policy_feature_missing' });
    expect(steps[0]?.detail).toContain(`policy-stream:${observing.revision}`);
  });

  it('has another revision for each document it stands for', () => {
    expect(standsFor(stubOf(large))).toBe(large.revision);
    expect(standsFor(large)).toBeUndefined();
    expect(new Set([large, huge, stubOf(large), stubOf(huge)].map(({ revision }) => revision)).size).toBe(4);
  });

  it('takes the place of an older document, and never that of the one it stands for or of a newer one', () => {
    const older = { ...document, inputs: { ...inputs, sessions: '29' } };
    const newer = { ...document, inputs: { ...inputs, sessions: '31' } };
    const stub = stubOf(document);
    expect(isBehind(older, stub)).toBe(false);
    expect(isBehind(document, stub)).toBe(true);
    expect(isBehind(newer, stub)).toBe(true);
    expect(isBehind(stub, document)).toBe(false);
    expect(isBehind(stub, stub)).toBe(false);
    expect(isBehind(newer, { ...stub, epoch: 1 })).toBe(false);
  });
});
