// The health checks of Argo CD, run by the interpreter of the language that they are in. Argo CD's own is of Lua 5.1.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { HEALTH_SCRIPT } from '#render/gitops/argo-health.ts';
import { fetchDebian, findEngine, type Engine } from '#scripts/engines/packaged-engine.ts';
import { STATED, type Verdict } from './statuses.ts';

const run = promisify(execFile);

let lua: Engine;
beforeAll(async () => {
  lua = await findEngine(
    {
      name: 'lua5.1',
      variable: 'LUA',
      remedy: 'Install the Debian package lua5.1, or name a Lua 5.1 in LUA.',
      cached: 'usr/bin/lua5.1',
      origin: 'Debian',
      fetch: (folder) => fetchDebian(folder, ['lua5.1']),
    },
    process.env,
    (line) => process.stderr.write(`${line}\n`),
  );
}, 120_000);

/** Plain data as a table of Lua. */
function table(value: unknown): string {
  if (Array.isArray(value)) return `{ ${value.map(table).join(', ')} }`;
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value).filter(([, member]) => member !== undefined);
    return `{ ${members.map(([name, member]) => `[${JSON.stringify(name)}] = ${table(member)}`).join(', ')} }`;
  }
  return JSON.stringify(value);
}

async function healthOf(object: object): Promise<{ readonly status: string; readonly message: string }> {
  const script = `local function check(obj)\n${HEALTH_SCRIPT}end\nlocal health = check(${table(object)})\nio.write(health.status, "\\n", health.message)`;
  const { stdout } = await run(lua.path, ['-e', script], { env: { ...process.env, ...lua.env } });
  const [status = '', message = ''] = stdout.split('\n');
  return { status, message };
}

const NAMES = { progressing: 'Progressing', healthy: 'Healthy', degraded: 'Degraded' } satisfies Record<
  Verdict,
  string
>;

describe('the health checks of Argo CD', () => {
  it.each(STATED)('say of an object that is $what: $verdict', async ({ object, verdict }) => {
    const { status, message } = await healthOf(object);
    expect(status).toBe(NAMES[verdict]);
    expect(message).toMatch(/^(Ready|Stalled) is (True|False)$|^The operator has not looked at this yet\.$/);
  });

  it('say so of an object without a status', async () => {
    expect(await healthOf({ metadata: { generation: 1 } })).toMatchObject({ status: 'Progressing' });
  });
});
