// The API server's own record of who asked for what.
import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { z } from 'zod';

const line = z.object({
  stage: z.string(),
  verb: z.string(),
  requestURI: z.string(),
  user: z.object({
    username: z.string(),
    extra: z.record(z.string(), z.array(z.string())).optional(),
  }),
  impersonatedUser: z.object({ username: z.string() }).optional(),
  userAgent: z.string().optional(),
  objectRef: z
    .object({
      resource: z.string().optional(),
      subresource: z.string().optional(),
      namespace: z.string().optional(),
      name: z.string().optional(),
      apiGroup: z.string().optional(),
    })
    .optional(),
  responseStatus: z.object({ code: z.number().optional() }).optional(),
  annotations: z.record(z.string(), z.string()).optional(),
  requestReceivedTimestamp: z.string(),
});

/** A request that was answered; a watch counts when it began. */
export interface AuditEvent {
  /** Of RBAC: get, list, watch, create, update, patch, delete, deletecollection. */
  readonly verb: string;
  readonly user: string;
  /** Which of its tokens a service account used; absent for other users. */
  readonly credential: string | undefined;
  readonly uri: string;
  readonly group: string;
  readonly resource: string;
  readonly subresource: string | undefined;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  readonly code: number;
  /** Refused for want of a permission; what quota and admission refuse has the same code. */
  readonly unauthorized: boolean;
  readonly dryRun: boolean;
  readonly userAgent: string | undefined;
  /** ISO time. */
  readonly at: string;
}

/** A moment, from `mark`. */
export interface Mark {
  /** In the file, where what is answered later comes after. */
  readonly position: number;
  /** Milliseconds of the epoch. */
  readonly atMs: number;
}

/** What an event has to have; members that are left out don't matter. */
export interface AuditFilter {
  readonly user?: string;
  readonly verbs?: readonly string[];
  readonly resource?: string;
  readonly subresource?: string;
  readonly namespace?: string;
  readonly name?: string;
  /** Writes that were carried out: no dry runs, no refusals. */
  readonly writes?: true;
  readonly since?: Mark | undefined;
}

const CREDENTIAL = 'authentication.kubernetes.io/credential-id';
const DECISION = 'authorization.k8s.io/decision';
const NEWLINE = 10;
const WRITES: readonly string[] = ['create', 'update', 'patch', 'delete', 'deletecollection'];

export class AuditLog {
  private readonly file: string;

  constructor(file: string) {
    this.file = file;
  }

  /**
   * Now: what is asked from here on comes after it. What was asked before may be written down later, because everybody
   * sees what a write did before its line is in the log.
   */
  mark(): Mark {
    return { position: statSync(this.file).size, atMs: Date.now() };
  }

  /** Events in the order in which they were answered. */
  read(filter: AuditFilter = {}): readonly AuditEvent[] {
    const events: AuditEvent[] = [];
    for (const text of this.linesFrom(filter.since?.position ?? 0)) {
      const event = eventOf(text);
      if (event !== undefined && matches(event, filter)) events.push(event);
    }
    return events;
  }

  private *linesFrom(position: number): Generator<string> {
    const size = statSync(this.file).size;
    const handle = openSync(this.file, 'r');
    try {
      const chunk = Buffer.alloc(1 << 20);
      let at = position;
      let rest = Buffer.alloc(0);
      // A line that was being written when the position was taken is of before.
      let isCut = position > 0 && (readSync(handle, chunk, 0, 1, position - 1) === 0 || chunk[0] !== NEWLINE);
      while (at < size) {
        const length = readSync(handle, chunk, 0, Math.min(chunk.length, size - at), at);
        if (length === 0) break;
        at += length;
        const joined = Buffer.concat([rest, chunk.subarray(0, length)]);
        const end = joined.lastIndexOf(NEWLINE);
        rest = joined.subarray(end + 1);
        if (end === -1) continue;
        const lines = joined.subarray(0, end).toString().split('\n');
        yield* isCut ? lines.slice(1) : lines;
        isCut = false;
      }
    } finally {
      closeSync(handle);
    }
  }
}

function eventOf(text: string): AuditEvent | undefined {
  if (text === '') return undefined;
  const json: unknown = JSON.parse(text);
  const { data } = line.safeParse(json);
  if (data === undefined) return undefined;
  const isWatch = data.verb === 'watch';
  if (data.stage !== (isWatch ? 'ResponseStarted' : 'ResponseComplete')) return undefined;
  return {
    verb: data.verb,
    user: data.impersonatedUser?.username ?? data.user.username,
    credential: data.user.extra?.[CREDENTIAL]?.[0],
    uri: data.requestURI,
    group: data.objectRef?.apiGroup ?? '',
    resource: data.objectRef?.resource ?? '',
    subresource: data.objectRef?.subresource,
    namespace: data.objectRef?.namespace,
    name: data.objectRef?.name,
    code: data.responseStatus?.code ?? 0,
    unauthorized: data.annotations?.[DECISION] === 'forbid',
    dryRun: /[?&]dryRun=All(&|$)/.test(data.requestURI),
    userAgent: data.userAgent,
    at: data.requestReceivedTimestamp,
  };
}

function matches(event: AuditEvent, filter: AuditFilter): boolean {
  const { verbs, writes, since } = filter;
  if (since !== undefined && Date.parse(event.at) < since.atMs) return false;
  if (verbs !== undefined && !verbs.includes(event.verb)) return false;
  if (writes === true && (event.dryRun || event.code >= 300 || !WRITES.includes(event.verb))) return false;
  return (
    (filter.user ?? event.user) === event.user &&
    (filter.resource ?? event.resource) === event.resource &&
    (filter.subresource ?? event.subresource) === event.subresource &&
    (filter.namespace ?? event.namespace) === event.namespace &&
    (filter.name ?? event.name) === event.name
  );
}
