// The first thing that somebody sees: what runs, where, and one command to try.
import { readFileSync } from 'node:fs';
import { parsePolicy } from '#policy/document.ts';
import { indexPolicy } from '#policy/policy-index.ts';
import { visibleTools } from '#policy/visible-tools.ts';
import type { PlatformStatus, ServerStatus } from '#runtime/local/platform-status.ts';
import { identityArguments, type IdentityOptions } from './caller-options.ts';
import { columns, shortPath } from './output.ts';

/** @param stateDir the state folder, where it is not the one that commands find by themselves */
export function summaryLines(status: PlatformStatus, nowMs: number, stateDir?: string): readonly string[] {
  const { program, manifests, servers, sentinel } = status;
  const failed = (phase: string): string => (phase === 'running' ? '' : phase);
  const rows = [
    ['program', shortPath(program.file), ''],
    ['manifests', `${manifests.count} in ${shortPath(manifests.folder)}`, ''],
    ...servers.map(({ name, url, state }) => [name, url, state]),
    ['console', status.console.url, failed(sentinel.phase)],
  ];
  const example = exampleOf(status, nowMs);
  const hints = [
    ...(example === undefined
      ? []
      : [['try', stateDir === undefined ? example : `${example} --state-dir ${stateDir}`]]),
    ['stop', 'Ctrl-C'],
  ];
  const width = Math.max(...rows.map(([name = '']) => name.length));
  const padded = (table: readonly (readonly string[])[]): readonly string[] =>
    columns(table.map(([name = '', ...rest]) => [`  ${name.padEnd(width)}`, ...rest]));
  return ['', ...padded(rows), '', ...padded(hints), ''];
}

/** A call that passes now: the first that some session of the program may make. */
function exampleOf(status: PlatformStatus, nowMs: number): string | undefined {
  for (const session of status.sessions.filter(({ state }) => state === 'active')) {
    const server = status.servers.find(({ namespace, name }) => `${namespace}/${name}` === session.server);
    if (server?.state !== 'ready') continue;
    const identity = { ...session.subject, session: session.name };
    const tool = firstTool(server, identity, nowMs);
    if (tool !== undefined) {
      return `npx mcp-runtime call ${server.name} ${tool} ${identityArguments(identity)}`;
    }
  }
  return undefined;
}

function firstTool(server: ServerStatus, identity: IdentityOptions, nowMs: number): string | undefined {
  const policy = parsePolicy(readFileSync(server.policy.file, 'utf8'));
  if (!policy.ok) return undefined;
  const { human, agent, team, session } = identity;
  const principal = { assurance: 'asserted', human, agent, teams: team === undefined ? [] : [team] } as const;
  const seen = visibleTools(indexPolicy(policy.value), { principal, session }, nowMs);
  // One that reads is the best to begin with, and one whose name says list needs no arguments.
  return seen.find((name) => name.startsWith('list')) ?? seen[0];
}
