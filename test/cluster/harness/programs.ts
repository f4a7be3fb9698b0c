// The programs that every way out is tried on: environments with servers in them, and the examples.
import { globSync } from 'node:fs';
import path from 'node:path';
import { SideEffect } from '#api/side-effect.ts';
import { Trust } from '#api/trust.ts';
import { Auth } from '#constructs/server/auth.ts';
import { McpServer } from '#constructs/server/mcp-server.ts';
import { Tool } from '#constructs/server/tool.ts';
import type { Profile } from '#constructs/kit/settings.ts';
import type { Environment } from '#environment/environment-schema.ts';
import { loadProgram } from '#render/load-program.ts';
import type { Program } from '#render/synthesise.ts';
import { NEWEST_MINOR } from '#scripts/engines/versions.ts';
import { Platform } from '#stacks/platform.ts';
import { environmentsOf } from './environments.ts';

const root = path.resolve(import.meta.dirname, '../../..');

const auth = Auth.oauth({ issuerUrl: 'https://login.example.org', audience: 'notes' });

/** An environment with servers of a team and of none. */
export const withServers =
  (environment: Environment): Program =>
  (app) => {
    const platform = new Platform(app, environment);
    const notes = platform.team('lab').server('notes', {
      image: 'registry.example.org/lab/notes:1.4.0',
      auth,
      tools: [Tool.read('list_notes'), Tool.write('add_note'), Tool.destructive('purge_notes')],
      autoscaling: { minReplicas: 2, maxReplicas: 5 },
      network: { egress: [{ cidr: '198.51.100.7/32', ports: [{ port: 5432 }] }] },
      secretEnv: { PASSWORD: { secret: 'notes', key: 'password' } },
    });
    notes.grant('writers', {
      subject: { team: 'lab' },
      maxTrust: Trust.MEDIUM,
      sideEffects: [SideEffect.READ, SideEffect.WRITE],
    });
    notes.session('review', {
      subject: { human: 'user-1' },
      consentedTrust: Trust.MEDIUM,
      expiresAt: '2030-01-01T00:00:00Z',
    });
    const search = { image: 'registry.example.org/search:1.0.0', auth, route: { host: 'tools.example.org' } };
    new McpServer(platform.servers(), 'search', search);
  };

/** Names of the examples that are programs. */
export const EXAMPLES = globSync('examples/*/program.ts', { cwd: root })
  .map((file) => path.basename(path.dirname(file)))
  .sort();

export const exampleProgram = (name: string): Promise<Program> =>
  loadProgram(path.join('examples', name, 'program.ts'));

/**
 * The programs of a profile, by what is said in their environments beside the least: all of them on the newest minor, and
 * the plainest where only the minor is another one.
 */
export function programsOf(profile: Profile, minor: string): ReadonlyMap<string, Program> {
  const all = [...environmentsOf(profile).accepted];
  const wanted = minor === NEWEST_MINOR ? all : all.slice(0, 1);
  return new Map(wanted.map(([name, environment]) => [name, withServers(environment)]));
}
