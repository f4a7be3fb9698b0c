// Tells each thing once: a trouble when it comes up, not at every look, and again only after it was gone.
import { objectKey } from '#api/principal.ts';
import type { OnEvent } from './events.ts';
import type { PartStatus, PlatformStatus, ServerStatus } from './platform-status.ts';
import type { Trouble } from './trouble.ts';

/** Something about the program that stops nothing. */
export interface Remark {
  readonly where: string;
  readonly message: string;
}

type Part = readonly [name: string, status: PartStatus];

export class Reporter {
  private readonly onEvent: OnEvent;
  private readonly told = new Map<string, ReadonlySet<string>>();
  private readonly phases = new Map<string, string>();

  constructor(onEvent: OnEvent) {
    this.onEvent = onEvent;
  }

  /** Remarks about the program as it is now. */
  program(remarks: readonly Remark[]): void {
    this.remarks('program', remarks);
  }

  private remarks(topic: string, remarks: readonly Remark[]): void {
    const fresh = this.fresh(topic, remarks, ({ where, message }) => `${where}: ${message}`);
    for (const { where, message } of fresh) this.onEvent({ kind: 'warning', where, message });
  }

  /** What is wrong with single grants and sessions now. */
  objects(troubles: readonly Trouble[]): void {
    this.troubles('objects', troubles);
  }

  /** What runs, and what does not. */
  status(status: PlatformStatus): void {
    const parts: readonly Part[] = [
      ['the sentinel', status.sentinel],
      ...status.servers.flatMap((server): readonly Part[] => [
        [`server ${objectKey(server)}`, server.server],
        [`the proxy of ${objectKey(server)}`, server.proxy],
      ]),
    ];
    for (const [name, part] of parts) this.phase(name, part);
    const failed = parts.flatMap(([, { trouble }]) => trouble ?? []);
    const troubles: readonly Trouble[] = [
      ...failed,
      ...status.servers.flatMap((server) => refusedPolicy(server)),
      ...degradedSentinel(status.console.problem),
    ];
    this.troubles('parts', troubles);
    this.remarks('exposed', status.servers.flatMap(exposed));
  }

  private phase(name: string, { phase }: PartStatus): void {
    const before = this.phases.get(name);
    this.phases.set(name, phase);
    if (before === phase) return;
    if (phase === 'restarting') this.onEvent({ kind: 'restarting', what: name });
    if (phase === 'running' && before !== undefined) this.onEvent({ kind: 'running', what: name });
  }

  private troubles(topic: string, troubles: readonly Trouble[]): void {
    for (const trouble of this.fresh(topic, troubles, ({ what, where }) => `${what} ${where}`)) {
      this.onEvent({ kind: 'trouble', trouble });
    }
  }

  private fresh<T>(topic: string, entries: readonly T[], keyOf: (entry: T) => string): readonly T[] {
    const before = this.told.get(topic);
    this.told.set(topic, new Set(entries.map(keyOf)));
    return entries.filter((entry) => before?.has(keyOf(entry)) !== true);
  }
}

function exposed(server: ServerStatus): readonly Remark[] {
  if (server.exposedPort === undefined) return [];
  const message = `${objectKey(server)} does not listen on HOST, which is 127.0.0.1, but on every interface: other machines get past its proxy unless a firewall holds them back`;
  return [{ where: `port ${server.exposedPort}`, message }];
}

function refusedPolicy(server: ServerStatus): readonly Trouble[] {
  const { error, enforced, file } = server.policy;
  if (error === undefined) return [];
  const goesOn = enforced === undefined ? 'denies every call' : `goes on enforcing ${enforced.slice(0, 19)}…`;
  return [
    {
      code: 'policy_refused',
      what: `The proxy of ${objectKey(server)} refuses its policy file and ${goesOn}: ${error}`,
      where: file,
      remedy:
        'Save the program: the file is written again. It is made from the program, so edits belong there.',
    },
  ];
}

function degradedSentinel(problem: string | undefined): readonly Trouble[] {
  if (problem === undefined) return [];
  return [
    {
      code: 'unreachable',
      what: `The sentinel takes events and cannot show them all: ${problem}`,
      where: 'the sentinel',
      remedy: 'Mend what it names. No event is lost meanwhile: they are kept in its log and stored later.',
    },
  ];
}
