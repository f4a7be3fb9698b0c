// What the tool may do without being asked, and what its failures mean.
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { copyImages, type CopyOutcome } from '../../../cli/mirror/copy-images.ts';
import { Skopeo, type SkopeoOptions } from '../../../cli/mirror/skopeo.ts';
import { lastWords, meaningOf } from '../../../cli/mirror/tool-words.ts';
import { temporaryFolder, type TemporaryFolder } from '#test/runtime/local/harness/temporary.ts';
import { TestRegistry } from './test-registry.ts';
import { inspect, push } from './tiny-images.ts';

jest.setTimeout(120_000);

/** `open-sesame`, of bcrypt. */
const HASH = '$2y$05$abcdefghijklmnopqrstuutXu9KzOt.1yBoZUeFWoT/914/JfszCO';

let source: TestRegistry;
let guarded: TestRegistry;
let folder: TemporaryFolder;

beforeAll(async () => {
  [source, guarded] = await Promise.all([
    TestRegistry.start(),
    TestRegistry.start({ htpasswd: `robot:${HASH}\n` }),
  ]);
  folder = temporaryFolder();
  await push(source.image('notes:1'));
});

afterAll(async () => {
  await Promise.all([source.close(), guarded.close()]);
  folder.remove();
});

const silent = { starts: () => undefined, ends: () => undefined };

async function copied(
  from: string,
  to: string,
  options: Partial<SkopeoOptions> = {},
  signal = new AbortController().signal,
): Promise<CopyOutcome | undefined> {
  const tool = new Skopeo({ insecure: [], ...options }, signal);
  return (await copyImages([{ from, to }], tool, silent))[0];
}

describe('a copy', () => {
  it('needs a login where the registry asks for one, and takes it from a file', async () => {
    const to = guarded.image('all/notes:1');
    expect(await copied(source.image('notes:1'), to)).toMatchObject({
      state: 'failed',
      trouble: {
        code: 'login_refused',
        where: `target ${to}`,
        remedy: `Log in with 'skopeo login ${guarded.host}', or name the file of a login with --authfile.`,
      },
    });
    const authfile = path.join(folder.path, 'auth.json');
    const auth = Buffer.from('robot:open-sesame').toString('base64');
    writeFileSync(authfile, JSON.stringify({ auths: { [guarded.host]: { auth } } }));
    const { digest } = await inspect(source.image('notes:1'));
    expect(await copied(source.image('notes:1'), to, { authfile })).toEqual({ state: 'copied', digest });
  });

  it('does without TLS only where that was allowed, or on this machine', async () => {
    // The same registry under a name that does not say that it is here.
    const host = source.host.replace('127.0.0.1', '0.0.0.0');
    expect(await copied(source.image('notes:1'), `${host}/open/notes:1`)).toMatchObject({
      state: 'failed',
      trouble: { what: `${host} speaks plain http.`, remedy: expect.stringContaining(`--insecure ${host}`) },
    });
    expect(await copied(source.image('notes:1'), `${host}/open/notes:1`, { insecure: [host] })).toMatchObject(
      {
        state: 'copied',
      },
    );
  });

  it('asks by digest where a name has a tag too', async () => {
    const { digest } = await inspect(source.image('notes:1'));
    const both = `notes:1@${digest}`;
    expect(await copied(source.image(both), source.image(`both/${both}`))).toEqual({
      state: 'copied',
      digest,
    });
    expect((await inspect(source.image(`both/notes@${digest}`))).digest).toBe(digest);
  });

  it('ends with an interrupt', async () => {
    const interrupted = new AbortController();
    interrupted.abort();
    const to = source.image('never/notes:1');
    expect(await copied(source.image('notes:1'), to, {}, interrupted.signal)).toMatchObject({
      trouble: { code: 'interrupted' },
    });
    await expect(inspect(to)).rejects.toThrow('manifest unknown');
  });

  it('has no more than two under way', async () => {
    let now = 0;
    let most = 0;
    const watcher = { starts: () => (most = Math.max(most, ++now)), ends: () => (now -= 1) };
    const jobs = ['a', 'b', 'c', 'd', 'e'].map((name) => ({
      from: source.image('notes:1'),
      to: source.image(`many/${name}:1`),
    }));
    const done = await copyImages(jobs, new Skopeo({ insecure: [] }, new AbortController().signal), watcher);
    expect(done.map(({ state }) => state)).toEqual(Array.from({ length: 5 }, () => 'copied'));
    expect(most).toBe(2);
  });
});

describe('what the tool says', () => {
  const place = { side: 'target', name: 'r.example.org/notes:1', registry: 'r.example.org' } as const;

  it.each([
    [
      'x509: certificate signed by unknown authority',
      'unreachable',
      '/etc/containers/certs.d/r.example.org/ca.crt',
    ],
    ['requested access to the resource is denied', 'login_refused', 'skopeo login r.example.org'],
    ['lookup r.example.org: no such host', 'unreachable', 'See that r.example.org is up'],
    ['the disk is full', 'copy_failed', 'See what the tool says'],
  ])('%s: is %s', (words, code, remedy) => {
    expect(meaningOf(words, place)).toMatchObject({
      code,
      remedy: expect.stringContaining(remedy),
      evidence: [words],
    });
  });

  it('is the last sentence of its log', () => {
    expect(lastWords('time="1" level=warning msg="a"\ntime="2" level=fatal msg="say \\"b\\""')).toBe(
      'say "b"',
    );
    expect(lastWords('skopeo: broken\n')).toBe('skopeo: broken');
  });
});
