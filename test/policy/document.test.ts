import { describe, expect, it } from '@jest/globals';
import {
  isBehind,
  parsePolicy,
  renderPolicy,
  revisionOf,
  sealPolicy,
  type PolicyContent,
} from '#policy/document.ts';
import { aGrant, aPolicy, aServer, aSession } from './build.ts';

const inputs = { servers: '10', grants: '20', sessions: '30', tombstones: '40' };
const { document } = aPolicy({
  grants: [aGrant(), aGrant({ name: 'rule', toolRules: [{ name: 'read_note', decision: 'deny' }] })],
  sessions: [aSession()],
  inputs,
});

/** The document with its content changed and sealed again, so that only the change can be wrong with it. */
function changed(change: object): string {
  const { revision, inputs: order, epoch, ...content } = document;
  expect(revision).toBe(document.revision);
  const next: PolicyContent = { ...content, ...change };
  return renderPolicy(sealPolicy(next, order, epoch));
}

function problemsOf(text: string): readonly string[] {
  const parsed = parsePolicy(text);
  return parsed.ok ? [] : parsed.error.map(({ path }) => path);
}

describe('the revision of a document', () => {
  it('does not depend on inputs, epoch or the order of members', () => {
    const reversed = Object.fromEntries(Object.entries(document).reverse());
    const text = JSON.stringify({ ...reversed, inputs: { ...inputs, grants: '99' }, epoch: 7 });
    expect(parsePolicy(text)).toMatchObject({ ok: true, value: { revision: document.revision } });
  });

  it.each([
    ['the server', aPolicy({ server: aServer({ name: 'other' }) })],
    ['a tool', aPolicy({ server: aServer({ tools: [{ name: 'read_note', sideEffect: 'write' }] }) })],
    ['the mode', aPolicy({ server: aServer({ policy: { mode: 'observe' } }) })],
    ['a grant', aPolicy({ grants: [aGrant()] })],
    ['a session', aPolicy({ sessions: [aSession()] })],
    ['a revocation', aPolicy({ sessions: [aSession({ revoked: true })] })],
    ['a lifetime', aPolicy({ server: aServer({ session: { idleTimeout: '5m' } }) })],
    ['a durability', aPolicy({ server: aServer({ audit: { durability: 'strict' } }) })],
    ['a rate', aPolicy({ server: aServer({ policy: { subjectRate: { perMinute: 60 } } }) })],
    ['a redacted field', aPolicy({ server: aServer({ audit: { redact: ['path'] } }) })],
  ])('changes with %s', (_what, other) => {
    expect(other.document.revision).not.toBe(aPolicy().document.revision);
    expect(revisionOf(other.document)).toBe(other.document.revision);
  });

  it('stays what it was before a version that can say more', () => {
    // From the version without rates and redaction; a change here makes every proxy load its policy anew.
    expect(aPolicy({ grants: [aGrant()], sessions: [aSession()] }).document.revision).toBe(
      'sha256:d6d9826c50f17814cc63ee6b3e638ab2a5f8d386497a27600099604f0dfeb52c',
    );
  });

  it('covers what a newer compiler says and this reader ignores', () => {
    const { revision, inputs: order, epoch, ...content } = document;
    const [first, ...tools] = content.tools;
    const newer = { ...content, tools: [{ ...first, moon: 'full' }, ...tools], tides: { ebb: 1 } };
    const sealed = { ...newer, revision: revisionOf(newer), inputs: order, epoch };
    expect(sealed.revision).not.toBe(revision);
    const read = parsePolicy(JSON.stringify(sealed));
    expect(read).toMatchObject({ ok: true, value: { revision: sealed.revision, tools: content.tools } });
    const changedMoon = JSON.stringify(sealed).replace('"full"', '"new"');
    expect(problemsOf(changedMoon)).toEqual(['revision']);
  });

  it('is the same for the same objects', () => {
    expect(aPolicy({ grants: [aGrant()] }).document).toEqual(aPolicy({ grants: [aGrant()] }).document);
  });
});

describe('a document that was tampered with is refused', () => {
  it.each([
    ['in its content', renderPolicy(document).replace('"maxTrust": "high"', '"maxTrust": "low"'), 'revision'],
    ['in its revision', renderPolicy({ ...document, revision: `sha256:${'0'.repeat(64)}` }), 'revision'],
    ['by taking a deny away', renderPolicy({ ...document, subjects: [] }), 'revision'],
  ])('%s', (_where, text, path) => {
    expect(problemsOf(text)).toEqual([path]);
  });
});

describe('a document is refused', () => {
  const auth = (change: object) => changed({ auth: { ...document.auth, ...change } });
  const twice = <Item>(items: readonly Item[]) => [...items, ...items];

  it.each([
    ['that is no JSON', '{', '(document)'],
    ['that is no object', 'null', '(document)'],
    ['of an unknown schema', renderPolicy(document).replace('policy.v1', 'policy.v9'), 'schema'],
    ['with an unknown mode', renderPolicy(document).replace('allow-list', 'trust-me'), 'policy.mode'],
    [
      'with an unknown trust',
      changed({ sessions: [{ ...document.sessions[0], consentedTrust: 'enormous' }] }),
      'sessions.0.consentedTrust',
    ],
    ['for oauth without an issuer', auth({ mode: 'oauth' }), 'auth.issuerUrl'],
    ['for mtls without a trust domain', auth({ mode: 'mtls' }), 'auth.trustDomain'],
    ['with a tool twice', changed({ tools: twice(document.tools.slice(0, 1)) }), 'tools[1]'],
    ['with a subject twice', changed({ subjects: twice(document.subjects) }), 'subjects[1]'],
    ['with a session twice', changed({ sessions: twice(document.sessions) }), 'sessions[1]'],
    [
      'with a rule twice',
      changed({ subjects: document.subjects.map((record) => ({ ...record, rules: twice(record.rules) })) }),
      'subjects[0].rules[1]',
    ],
  ])('%s', (_what, text, path) => {
    expect(problemsOf(text)).toContain(path);
  });

  it.each(['servers', 'grants', 'sessions', 'tombstones'] as const)('when it is behind in %s', (cache) => {
    const older = {
      ...document,
      inputs: { ...inputs, servers: '11', grants: '21', sessions: '31', tombstones: '41', [cache]: '9' },
    };
    expect(isBehind(document, older)).toBe(true);
  });

  it('when its epoch is behind, however new its inputs are', () => {
    const current = { ...document, epoch: 3 };
    const newer = { servers: '99', grants: '99', sessions: '99', tombstones: '99' };
    expect(isBehind(current, { ...document, epoch: 2, inputs: newer })).toBe(true);
  });

  it('but not when it is as new, newer, or of a later epoch', () => {
    expect(isBehind(document, document)).toBe(false);
    expect(isBehind(document, { ...document, inputs: { ...inputs, grants: '100' } })).toBe(false);
    const restored = { servers: '1', grants: '1', sessions: '1', tombstones: '1' };
    expect(isBehind(document, { ...document, epoch: 1, inputs: restored })).toBe(false);
  });
});
