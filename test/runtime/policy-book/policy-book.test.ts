import { describe, expect, it } from '@jest/globals';
import { compilePolicy } from '#policy/compile.ts';
import { DEFAULT_OPERATOR_CONFIG } from '#api/operator-config.ts';
import { aGrant, aServer, aSession } from '#test/policy/build.ts';
import { PolicyBook } from '#runtime/policy-book/policy-book.ts';
import { Installation, rawServer } from '#test/runtime/operator/access/build.ts';

const KEY = 'team-a/notes';

function place(): Installation {
  const made = new Installation();
  made.cluster.put(rawServer());
  made.cluster.put(rawServer({ name: 'other' }));
  made.cluster.put(aGrant());
  made.cluster.put(aSession());
  return made;
}

const documentOf = (made: Installation, key = KEY) => {
  const { compiled } = made.book.of(key);
  if (compiled === undefined) throw new Error(`nothing was compiled for ${key}`);
  return compiled.document;
};

describe('the policy of a server', () => {
  it('is what the compiler makes of everything in the cluster', () => {
    const made = place();
    made.cluster.put(
      aGrant({ name: 'elsewhere', namespace: 'team-b', serverRef: { name: 'notes', namespace: 'team-a' } }),
    );
    made.cluster.put(aGrant({ name: 'for-other', serverRef: { name: 'other' } }));
    made.cluster.put(aGrant({ name: 'for-nobody', namespace: 'team-b' }));
    const { document } = compilePolicy({
      server: aServer(),
      grants: made.cluster.all('MCPAccessGrant'),
      sessions: made.cluster.all('MCPAgentSession'),
      tombstones: [],
      config: DEFAULT_OPERATOR_CONFIG,
      inputs: documentOf(made).inputs,
      epoch: 3,
    });
    expect(documentOf(made)).toEqual(document);
    // Only what refers to the server is reported with it.
    expect([...(made.book.of(KEY).grants?.keys() ?? [])]).toEqual(['team-a/grant', 'team-b/elsewhere']);
    expect([...(made.book.of('team-a/other').grants?.keys() ?? [])]).toEqual(['team-a/for-other']);
  });

  it('is made from the newest view of every cache, and says so without being compiled again', () => {
    const made = place();
    const before = made.book.of(KEY);
    made.cluster.put(aGrant({ name: 'for-other', serverRef: { name: 'other' } }));
    const after = made.book.of(KEY);
    expect(after.compiled?.document.revision).toBe(before.compiled?.document.revision);
    expect(after.compiled?.document.inputs).toEqual({
      servers: made.caches.servers.resourceVersion,
      grants: made.caches.grants.resourceVersion,
      sessions: made.caches.sessions.resourceVersion,
      tombstones: '0',
    });
    expect(after.compiled?.document.inputs).not.toEqual(before.compiled?.document.inputs);
    expect(after.grants).toBe(before.grants);
    expect(made.book.of(KEY)).toBe(after);
  });

  it('is not compiled again for a status, of whatever object', async () => {
    const made = place();
    const { grants } = made.book.of(KEY);
    await made.grant();
    await made.session();
    made.cluster.put({ ...rawServer(), status: { phase: 'Ready' } });
    expect(made.book.of(KEY).grants).toBe(grants);
  });

  it.each<[string, (made: Installation) => void]>([
    ['a grant comes', (made) => made.cluster.put(aGrant({ name: 'second', subject: { humanID: 'bob' } }))],
    ['a grant changes', (made) => made.cluster.put(aGrant({ maxTrust: 'low' }))],
    ['a grant goes', (made) => made.cluster.drop('MCPAccessGrant', 'team-a/grant')],
    ['a grant moves to another server', (made) => made.cluster.put(aGrant({ serverRef: { name: 'other' } }))],
    [
      'a grant is replaced by another of its name and generation',
      (made) => {
        made.cluster.drop('MCPAccessGrant', 'team-a/grant');
        made.cluster.put(aGrant({ uid: 'another', maxTrust: 'low' }));
      },
    ],
    ['a session is revoked', (made) => made.cluster.put(aSession({ revoked: true }))],
    ['a session goes', (made) => made.cluster.drop('MCPAgentSession', 'team-a/session')],
    ['the server changes', (made) => made.cluster.put(rawServer({ tools: [{ name: 'one' }] }))],
    [
      'a session turns out to have been revoked before',
      (made) =>
        made.cluster.put({
          apiVersion: 'v1',
          kind: 'ConfigMap',
          metadata: { name: 'mcp-runtime-tombstones', namespace: 'team-a' },
          data: { x: JSON.stringify({ name: 'session', uid: 'x', until: '2030-01-01T00:00:00Z' }) },
        }),
    ],
  ])('is another one when %s', (_what, change) => {
    const made = place();
    const before = documentOf(made).revision;
    change(made);
    expect(documentOf(made).revision).not.toBe(before);
  });

  it('is that of an equal server in another place, whatever the order of its objects', () => {
    const [one, other] = [place(), new Installation()];
    other.cluster.put(aSession());
    other.cluster.put(aGrant({ name: 'second' }));
    other.cluster.put(aGrant());
    other.cluster.put(rawServer());
    one.cluster.put(aGrant({ name: 'second' }));
    expect(documentOf(other).revision).toBe(documentOf(one).revision);
  });
});

describe('a server', () => {
  it('that is not there has no policy, and none is kept of one that went', () => {
    const made = place();
    expect(made.book.of('team-a/nowhere')).toEqual({});
    expect(documentOf(made).epoch).toBe(3);
    made.cluster.drop('MCPServer', KEY);
    expect(made.book.of(KEY)).toEqual({});
    made.cluster.put(rawServer());
    expect(documentOf(made).server.name).toBe('notes');
  });

  it('that is invalid has its problems and no policy, until it is corrected', () => {
    const made = place();
    const { revision } = documentOf(made);
    made.cluster.put({ ...rawServer(), spec: { image: 7 } });
    const { server, compiled, problems } = made.book.of(KEY);
    expect([server, compiled]).toEqual([undefined, undefined]);
    expect(problems?.map(({ path }) => path)).toContain('spec.image');
    made.cluster.put(rawServer());
    expect(documentOf(made).revision).toBe(revision);
  });
});

describe('where a policy stands', () => {
  const frugal = (made: Installation, keeps: number) =>
    new PolicyBook({
      ...made.caches,
      tombstones: made.tombstones,
      config: DEFAULT_OPERATOR_CONFIG,
      epoch: 3,
      keeps,
    });

  it('is what its document says, whether the document is kept or not', () => {
    const made = place();
    const book = frugal(made, 1);
    for (const round of ['first', 'second']) {
      for (const key of [KEY, 'team-a/other']) {
        const { revision, inputs, epoch } = documentOf(made, key);
        expect([round, book.positionOf(key)]).toEqual([round, { revision, inputs, epoch }]);
        expect(book.of(key).compiled?.document).toEqual(documentOf(made, key));
      }
      made.cluster.put(aGrant({ name: round, subject: { humanID: round } }));
    }
  });

  it('follows the view without anything being made again', () => {
    const made = place();
    const book = frugal(made, 1);
    const before = book.positionOf(KEY);
    book.of('team-a/other');
    made.cluster.put(aGrant({ name: 'for-other', serverRef: { name: 'other' } }));
    const { grants } = made.caches;
    // Whoever reads a server's own objects only, to see that they are the same, compiles nothing.
    expect(book.positionOf(KEY)).toEqual({
      ...before,
      inputs: { ...before?.inputs, grants: grants.resourceVersion },
    });
  });

  it('is nowhere where there is no such server, or it can not be read', () => {
    const made = place();
    expect(made.book.positionOf('team-a/nobody')).toBeUndefined();
    made.cluster.put({ ...rawServer({ name: 'broken' }), spec: { image: 7 } });
    expect(made.book.positionOf('team-a/broken')).toBeUndefined();
    made.cluster.drop('MCPServer', KEY);
    expect(made.book.positionOf(KEY)).toBeUndefined();
  });
});
