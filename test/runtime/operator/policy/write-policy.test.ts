import { describe, expect, it } from '@jest/globals';
import { sealPolicy, type PolicyDocument } from '#policy/document.ts';
import { policyFiles, stubOf } from '#policy/policy-file.ts';
import { decidePolicyWrite, POLICY_WRITE_INTERVAL_MS } from '#runtime/operator/policy/write-policy.ts';
import { aGrant, aPolicy, aSession } from '#test/policy/build.ts';

const NOW_MS = 1_000_000;
const parts = { grants: [aGrant()], sessions: [aSession()] };
const current = aPolicy(parts).document;
const more = aPolicy({ ...parts, sessions: [aSession(), aSession({ name: 'second' })] }).document;
const less = aPolicy({ ...parts, sessions: [aSession({ revoked: true })] }).document;

function decision(live: unknown, document: PolicyDocument, agoMs = 1_000) {
  return decidePolicyWrite({
    live,
    document,
    writtenAtMs: NOW_MS - agoMs,
    nowMs: NOW_MS,
  });
}

describe('the ConfigMap of a policy', () => {
  it('is kept while it holds this policy, whatever view that was compiled from and whoever compressed it', () => {
    const { revision, inputs, epoch, ...content } = current;
    expect(revision).toBe(current.revision);
    const newer = sealPolicy(content, { ...inputs, grants: '99' }, epoch + 1);
    expect(decision(policyFiles(current), newer)).toEqual({ kind: 'keep' });
    const otherBytes = { data: { 'policy.json': JSON.stringify(current) } };
    expect(decision(otherBytes, current)).toEqual({ kind: 'keep' });
    expect(decision({ data: { 'policy.json': JSON.stringify(stubOf(current)) } }, current)).toEqual({
      kind: 'keep',
    });
  });

  it('waits for the rest of five seconds with what only adds', () => {
    expect(decision(policyFiles(current), more, 0)).toEqual({
      kind: 'wait',
      waitMs: POLICY_WRITE_INTERVAL_MS,
    });
    expect(decision(policyFiles(current), more, 4_999)).toEqual({ kind: 'wait', waitMs: 1 });
    expect(decision(policyFiles(current), more, 5_000)).toEqual({ kind: 'write' });
  });

  it('is written at once where something is taken away', () => {
    expect(decision(policyFiles(current), less, 0)).toEqual({ kind: 'write' });
  });

  it('is written at once where the server itself says something else, though nothing is taken away', () => {
    const { inputs, epoch, session } = current;
    const longer = { ...session, idleTimeoutSeconds: session.idleTimeoutSeconds + 60 };
    const next = sealPolicy({ ...current, session: longer }, inputs, epoch);
    expect(decision(policyFiles(current), next, 0)).toEqual({ kind: 'write' });
  });

  it.each<[string, unknown]>([
    ['there is none', undefined],
    ['it is empty', { data: {} }],
    ['nobody can read it', { data: { 'policy.json': '{' } }],
    ['it was changed by hand', { data: { 'policy.json': JSON.stringify({ ...current, sessions: [] }) } }],
    ['it holds a stub', { data: { 'policy.json': JSON.stringify(stubOf(current)) } }],
  ])('is written at once where %s', (_what, live) => {
    expect(decision(live, more, 0)).toEqual({ kind: 'write' });
  });

  it('is written at once where nobody knows when it was written, or that was in the future', () => {
    expect(
      decidePolicyWrite({
        live: policyFiles(current),
        document: more,
        writtenAtMs: undefined,
        nowMs: NOW_MS,
      }),
    ).toEqual({ kind: 'write' });
    expect(decision(policyFiles(current), more, -3_600_000)).toEqual({ kind: 'write' });
  });
});
