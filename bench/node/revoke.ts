// From a revocation to the first call that is denied for it, on a real node: the way is API server, distributor, stream,
// proxy. It is made as people make it, by kubectl and by the command line in turn, while calls go through the ingress one
// after the other without a pause. The time runs from when the API server received the patch, by its own record: how long a
// command takes to start is another question.
import { execFile } from 'node:child_process';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { API_GROUP, API_VERSION } from '#api/kind.ts';
import { MCPAgentSession } from '#api/mcp-agent-session.ts';
import { AuditLog } from '#scripts/cluster/audit-log.ts';
import { ApiClient } from '#scripts/engines/api-client.ts';
import { NamedFetch } from '#scripts/node/named-fetch.ts';
import { serverAddress } from '#scripts/node/platform/program.ts';
import { callTool } from '#scripts/tool-call.ts';
import type { NodeFile } from '#scripts/node/node-file.ts';
import type { BenchContext } from '../context.ts';

const REVOCATIONS = 120;
/** A platform that has only just started is slower than it will ever be again. */
const WARM_UP = 20;
const LIMIT_MS = 15_000;
const namespace = 'mcp-servers';
const sessions = `/apis/${API_GROUP}/v1alpha1/namespaces/${namespace}/${MCPAgentSession.plural}`;

const execute = promisify(execFile);
const root = path.resolve(import.meta.dirname, '../..');

const WAYS = ['kubectl', 'mcp-runtime'] as const;
type Way = (typeof WAYS)[number];

class Revoker {
  private readonly about: NodeFile;
  private readonly audit: AuditLog;
  private readonly api: ApiClient;
  private readonly named = new NamedFetch();
  private readonly url: string;

  constructor(about: NodeFile) {
    this.about = about;
    this.audit = new AuditLog(about.auditLog);
    this.api = new ApiClient(about.url, about.ca, about.users['admin']?.token ?? '');
    const { host, address, url } = serverAddress('notes', about.ingress?.url ?? '');
    this.named.name(host, address);
    this.url = url;
  }

  /** @returns milliseconds until the first denied call */
  async measure(name: string, way: Way, signal: AbortSignal): Promise<number> {
    await this.consent(name);
    await this.until(name, 'allowed', signal);
    const since = this.audit.mark();
    const revoked = this.revoke(name, way);
    // What kept it from being made is told by whoever waits for the denial.
    revoked.catch(() => undefined);
    await this.until(name, 'session_revoked', signal);
    const deniedAtMs = Date.now();
    await revoked;
    const [patch] = this.audit.read({ verbs: ['patch'], resource: MCPAgentSession.plural, name, since });
    if (patch === undefined) throw new Error(`the API server has no record of the revocation of ${name}`);
    return deniedAtMs - Date.parse(patch.at);
  }

  private async revoke(name: string, way: Way): Promise<void> {
    const kubeconfig = this.about.users['admin']?.kubeconfig ?? '';
    if (way === 'kubectl') {
      const patch = ['patch', 'mcpsession', name, '-n', namespace, '--type=merge'];
      const args = ['--kubeconfig', kubeconfig, ...patch, '-p', '{"spec":{"revoked":true}}'];
      await execute(this.about.kubectl, args);
      return;
    }
    const args = ['--import', 'tsx', 'cli/main.ts', 'session', 'revoke', name, '--cluster', '-n', namespace];
    await execute(process.execPath, args, { cwd: root, env: { ...process.env, KUBECONFIG: kubeconfig } });
  }

  async close(): Promise<void> {
    await this.named.close();
    await this.api.close();
  }

  private async consent(name: string): Promise<void> {
    const spec = {
      serverRef: { name: 'notes' },
      subject: { humanID: 'user-1', agentID: 'agent-1' },
      consentedTrust: 'medium',
      expiresAt: '2999-01-01T00:00:00Z',
    };
    const body = {
      apiVersion: API_VERSION,
      kind: MCPAgentSession.kind,
      metadata: { name, namespace },
      spec,
    };
    await this.api.json(sessions, { method: 'POST', body });
  }

  private async until(session: string, wanted: string, signal: AbortSignal): Promise<void> {
    const headers = {
      'x-mcp-human-id': 'user-1',
      'x-mcp-agent-id': 'agent-1',
      'x-mcp-agent-session': session,
    };
    const end = performance.now() + LIMIT_MS;
    let word = '';
    while (performance.now() < end) {
      signal.throwIfAborted();
      word = await callTool({ url: this.url, tool: 'list_notes', headers, fetch: this.named.fetch });
      if (word === wanted) return;
    }
    throw new Error(`calls with ${session} are answered with ${word}, and not with ${wanted}`);
  }
}

/** Milliseconds of each revocation. */
export async function revokeDelaysMs(about: NodeFile, { say, signal }: BenchContext): Promise<Float64Array> {
  const revoker = new Revoker(about);
  const took: number[] = [];
  try {
    say(`revoking ${REVOCATIONS} sessions by ${WAYS.join(' and ')}, after ${WARM_UP} to warm up`);
    for (let at = 0; at < REVOCATIONS + WARM_UP; at += 1) {
      const way = WAYS[at % WAYS.length] ?? 'kubectl';
      const ms = await revoker.measure(`bench-${at}`, way, signal);
      if (at >= WARM_UP) took.push(ms);
      // Apart, so that none waits for what another one left to do.
      await sleep(50);
    }
  } finally {
    await revoker.close();
  }
  return Float64Array.from(took).sort();
}
