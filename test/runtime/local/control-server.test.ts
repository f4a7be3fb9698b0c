import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { readFileSync, statSync } from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { z } from 'zod';
import { objectKey } from '#api/principal.ts';
import { err, ok } from '#api/result.ts';
import { openControl, type ControlServer } from '#runtime/local/control-server.ts';
import type { PlatformStatus } from '#runtime/local/platform-status.ts';
import { temporaryFolder, type TemporaryFolder } from './harness/temporary.ts';

const status: PlatformStatus = {
  pid: 1,
  startedAt: '2030-01-01T00:00:00Z',
  program: { file: '/program.ts' },
  stateDir: '/state',
  manifests: { folder: '/state/manifests', count: 0 },
  console: { url: 'http://127.0.0.1:1' },
  sentinel: { phase: 'running', restarts: 0 },
  servers: [],
  sessions: [],
};

describe('the control endpoint', () => {
  let folder: TemporaryFolder;
  let file: string;
  let server: ControlServer;
  let token: string;
  let revoked: string[];

  beforeEach(async () => {
    folder = temporaryFolder();
    file = path.join(folder.path, 'control.json');
    revoked = [];
    server = await openControl(
      {
        status: () => status,
        revoke: (session) => {
          revoked.push(objectKey(session));
          const unknown = { code: 'session_unknown', what: 'none', where: 'here', remedy: 'look' } as const;
          return Promise.resolve(
            session.name === 'demo' ? ok({ session, revokedAt: 'now', enforced: true }) : err(unknown),
          );
        },
      },
      file,
    );
    token = z.object({ token: z.string() }).parse(JSON.parse(readFileSync(file, 'utf8'))).token;
  });

  afterEach(async () => {
    await server.close();
    folder.remove();
  });

  /** `fetch` would not let a test set Host or Origin. */
  function ask(method: string, target: string, headers: Record<string, string>): Promise<number> {
    return new Promise((resolve, reject) => {
      const request = http.request(`${server.url}${target}`, { method, headers }, (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      });
      request.once('error', reject);
      request.end();
    });
  }

  const bearer = () => ({ authorization: `Bearer ${token}` });

  it('keeps its token in a file that only this user can read', () => {
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(token.length).toBeGreaterThanOrEqual(43);
  });

  it('answers whoever has the token', async () => {
    expect(await ask('GET', '/v1/status', bearer())).toBe(200);
    expect(await ask('POST', '/v1/sessions/ns/demo/revoke', bearer())).toBe(200);
    expect(revoked).toEqual(['ns/demo']);
  });

  it('says when there is no such session', async () => {
    expect(await ask('POST', '/v1/sessions/ns/other/revoke', bearer())).toBe(404);
  });

  it.each([
    ['no token', {}, 401],
    ['a wrong token', { authorization: 'Bearer wrong' }, 401],
    ['the token without its scheme', { authorization: 'x' }, 401],
  ])('refuses %s', async (_name, headers, expected) => {
    expect(await ask('POST', '/v1/sessions/ns/demo/revoke', headers)).toBe(expected);
    expect(revoked).toEqual([]);
  });

  it.each(['http://evil.example', 'null', 'http://localhost:3000'])(
    'refuses a page of %s even with the token',
    async (origin) => {
      expect(await ask('POST', '/v1/sessions/ns/demo/revoke', { ...bearer(), origin })).toBe(403);
      expect(revoked).toEqual([]);
    },
  );

  it.each(['evil.example', '127.0.0.1', 'localhost:1'])(
    'refuses the host %s even with the token',
    async (host) => {
      expect(await ask('GET', '/v1/status', { ...bearer(), host })).toBe(403);
    },
  );
});
