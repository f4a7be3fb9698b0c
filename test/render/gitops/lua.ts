// Runs a health check of Argo CD by the interpreter of the language that it is in. Argo CD's own is of Lua 5.1.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { fetchDebian, findEngine, type Engine } from '#scripts/engines/packaged-engine.ts';

const run = promisify(execFile);

export interface LuaHealth {
  readonly status: string;
  readonly message: string;
}

export class Lua {
  private readonly engine: Engine;

  private constructor(engine: Engine) {
    this.engine = engine;
  }

  /** The one of the machine, or of the distribution's packages. @throws MissingEngineError */
  static async find(): Promise<Lua> {
    const wanted = {
      name: 'lua5.1',
      variable: 'LUA',
      remedy: 'Install the Debian package lua5.1, or name a Lua 5.1 in LUA.',
      cached: 'usr/bin/lua5.1',
      origin: 'Debian',
      fetch: (folder: string) => fetchDebian(folder, ['lua5.1']),
    };
    return new Lua(await findEngine(wanted, process.env, (line) => process.stderr.write(`${line}\n`)));
  }

  /** What a health check says of an object. */
  async healthOf(check: string, object: object): Promise<LuaHealth> {
    const script = `local function check(obj)\n${check}end\nlocal health = check(${table(object)})\nio.write(health.status, "\\n", health.message)`;
    const env = { ...process.env, ...this.engine.env };
    const { stdout } = await run(this.engine.path, ['-e', script], { env });
    const [status = '', message = ''] = stdout.split('\n');
    return { status, message };
  }
}

/** Plain data as a table of Lua. */
function table(value: unknown): string {
  if (Array.isArray(value)) return `{ ${value.map(table).join(', ')} }`;
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value).filter(([, member]) => member !== undefined);
    return `{ ${members.map(([name, member]) => `[${JSON.stringify(name)}] = ${table(member)}`).join(', ')} }`;
  }
  return value === null ? 'nil' : JSON.stringify(value);
}
