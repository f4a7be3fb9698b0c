// The CLI's side of the control endpoint. Where no platform runs it says so, and how to start one.
import { z } from 'zod';
import { readJson, type StateDir } from './state-dir.ts';
import { platformStatus, type PlatformStatus } from './platform-status.ts';
import { runningPlatform } from './platform-lock.ts';
import { TroubleError, type Trouble } from './trouble.ts';

const controlFile = z.object({ url: z.url(), token: z.string().min(1), pid: z.number().int() });
const requestMs = 10_000;

const revokeOutcome = z.object({
  session: z.object({ namespace: z.string(), name: z.string() }),
  revokedAt: z.string(),
  enforced: z.boolean(),
});

const failure = z.object({ trouble: z.object({ what: z.string(), where: z.string(), remedy: z.string() }) });

export class ControlClient {
  private readonly url: string;
  private readonly token: string;
  private readonly where: string;

  /** Throws `TroubleError` where no platform runs on the state folder. */
  constructor(dir: StateDir) {
    const control = readJson(dir.control, controlFile);
    if (control === undefined || runningPlatform(dir.lock) === undefined) throw notRunning(dir);
    this.url = control.url;
    this.token = control.token;
    this.where = dir.control;
  }

  async status(): Promise<PlatformStatus> {
    return platformStatus.parse(await this.ask('GET', '/v1/status'));
  }

  async revoke(namespace: string, name: string): Promise<z.output<typeof revokeOutcome>> {
    const path = `/v1/sessions/${encodeURIComponent(namespace)}/${encodeURIComponent(name)}/revoke`;
    return revokeOutcome.parse(await this.ask('POST', path));
  }

  private async ask(method: 'GET' | 'POST', path: string): Promise<unknown> {
    let response: Response;
    let body: unknown;
    try {
      response = await fetch(`${this.url}${path}`, {
        method,
        headers: { authorization: `Bearer ${this.token}` },
        signal: AbortSignal.timeout(requestMs),
      });
      body = await response.json();
    } catch (error) {
      throw new TroubleError(this.unreachable('The platform does not answer.'), { cause: error });
    }
    if (response.ok) return body;
    const told = failure.safeParse(body);
    if (told.success) throw new TroubleError({ code: 'session_unknown', ...told.data.trouble });
    throw new TroubleError(this.unreachable(`The platform answered with HTTP ${response.status}.`));
  }

  private unreachable(what: string): Trouble {
    const remedy = 'Look at the terminal where it runs; stop it with Ctrl-C and start it again.';
    return { code: 'unreachable', what, where: `${this.url}, from ${this.where}`, remedy };
  }
}

function notRunning(dir: StateDir): TroubleError {
  return new TroubleError({
    code: 'not_running',
    what: 'No local platform runs here.',
    where: dir.root,
    remedy:
      "Start one in another terminal: 'npm start', or 'mcp-runtime start <program>'. One that runs with another state folder is found with --state-dir.",
  });
}
