// Sessions of a test's own for the notes of the quickstart, and calls with them; and callers that go on calling while
// something happens to the platform.
import { afterAll } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { McpCaller } from '#runtime/local/mcp-caller.ts';
import { callTool } from '#scripts/tool-call.ts';
import { aSession, make } from '#test/cluster/harness/builders.ts';
import { until, type Patience } from '#test/cluster/harness/eventually.ts';
import type { KubeObject } from '#test/cluster/harness/objects.ts';
import { reach, serverUrl } from './reach.ts';

export const NAMESPACE = 'mcp-servers';

export function consentObject(name: string): KubeObject {
  return aSession(NAMESPACE, name, 'notes', {
    subject: { humanID: 'user-1', agentID: 'agent-1' },
    consentedTrust: 'medium',
    expiresAt: '2999-01-01T00:00:00Z',
  });
}

/** A call with a session: `allowed`, or why not. */
export function callNotes(session: string): Promise<string> {
  return callTool({
    url: serverUrl('notes'),
    tool: 'list_notes',
    headers: {
      'x-mcp-human-id': 'user-1',
      'x-mcp-agent-id': 'agent-1',
      'x-mcp-agent-session': session,
    },
    fetch: reach,
  });
}

const connections: McpCaller[] = [];
afterAll(async () => {
  for (const each of connections.splice(0)) await each.close();
});

/** Calls of a tool of the other server, over one connection of the official client: that server has sessions of its own. */
export async function everythingCaller(): Promise<() => Promise<string>> {
  const connected = await McpCaller.connect({
    url: serverUrl('everything'),
    era: 'legacy',
    headers: { 'x-mcp-team-id': 'lab' },
    fetch: reach,
  });
  if (connected.kind !== 'result') throw new Error(`no connection: ${JSON.stringify(connected)}`);
  connections.push(connected.value);
  return async () => {
    const outcome = await connected.value.call({ name: 'echo', args: { message: 'hi' } });
    return outcome.kind === 'result' ? 'allowed' : JSON.stringify(outcome);
  };
}

/** Makes a session of a name that there never was, and waits until calls with it are allowed. */
export async function consent(prefix: string): Promise<string> {
  const name = `${prefix}-${randomBytes(3).toString('hex')}`;
  await make(consentObject(name));
  await answers(name, 'allowed');
  return name;
}

/** Waits until calls with a session are answered so. */
export async function answers(session: string, wanted: string, patience: Patience = {}): Promise<void> {
  await until(
    `a call with ${session} is answered with ${wanted}`,
    () => callNotes(session),
    (word) => word === wanted,
    { everyMs: 20, ...patience },
  );
}

/** Calls on and on until it is stopped, and then says which answers there were that should not have been. */
export class Traffic {
  private readonly unexpected = new Map<string, number>();
  private readonly stopping = new AbortController();
  private readonly running: Promise<void>;
  private count = 0;

  constructor(call: () => Promise<string>) {
    this.running = this.run(call);
  }

  /** @returns the answers that were not `allowed`, out of how many */
  async stop(): Promise<{ readonly calls: number; readonly unexpected: readonly string[] }> {
    this.stopping.abort();
    await this.running;
    const unexpected = [...this.unexpected].map(([word, times]) => `${times} times ${word}`);
    return { calls: this.count, unexpected };
  }

  private async run(call: () => Promise<string>): Promise<void> {
    while (!this.stopping.signal.aborted) {
      const word = await call();
      this.count += 1;
      if (word !== 'allowed') this.unexpected.set(word, (this.unexpected.get(word) ?? 0) + 1);
      await sleep(25);
    }
  }
}

/** Does something while others call, and returns what went wrong for these. */
export async function meanwhile(
  calls: readonly (() => Promise<string>)[],
  work: () => Promise<void>,
): Promise<readonly string[]> {
  const traffic = calls.map((call) => new Traffic(call));
  try {
    await work();
  } finally {
    await Promise.all(traffic.map((each) => each.stop()));
  }
  const ended = await Promise.all(traffic.map((each) => each.stop()));
  const silent = ended.flatMap(({ calls: count }) => (count === 0 ? ['nobody called'] : []));
  return [...silent, ...ended.flatMap(({ unexpected }) => unexpected)];
}
