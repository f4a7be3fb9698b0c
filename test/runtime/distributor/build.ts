// Wires and proxies of tests: what is written is kept, and what a proxy would say is said by hand.
import { downMessage, type DownMessage, type PolicyMark, type UpMessage } from '#api/distributor-api.ts';
import { DEFAULT_OPERATOR_CONFIG } from '#api/operator-config.ts';
import { compilePolicy } from '#policy/compile.ts';
import { POLICY_SCHEMA, type PolicyDocument, type PolicyInputs } from '#policy/document.ts';
import { DocumentLines, type CurrentPolicy } from '#runtime/distributor/stream/document-lines.ts';
import {
  ProxyStream,
  type ProxyStreamOptions,
  type ProxyWord,
  type Wire,
} from '#runtime/distributor/stream/proxy-stream.ts';
import { aGrant, aServer } from '#test/policy/build.ts';

export const NOTES = { namespace: 'team-a', name: 'notes' };
export const POD = { namespace: 'team-a', name: 'notes-1', uid: 'uid-1' };

export class FakeWire implements Wire {
  /** As they were written. */
  readonly texts: string[] = [];
  /** Whether the other side takes what is written. */
  takes = true;
  state: 'open' | 'ended' | 'cut' = 'open';

  write(line: Buffer | string): boolean {
    this.texts.push(line.toString());
    return this.takes;
  }

  end(line: string): void {
    this.texts.push(line);
    this.state = 'ended';
  }

  cut(): void {
    this.state = 'cut';
  }

  get lines(): readonly string[] {
    return this.texts.flatMap((text) => text.split('\n')).filter((line) => line !== '');
  }

  /** What the proxy was told. */
  get told(): readonly DownMessage[] {
    return this.lines.map((line) => downMessage.parse(JSON.parse(line)));
  }

  /** `document <first of the revision>`, `current <…>`, `end <reason>`. */
  get short(): readonly string[] {
    return this.told.map((message) => {
      if ('current' in message) return `current ${nick(message.current.revision)}`;
      if ('end' in message) return `end ${message.end.reason}`;
      return `document ${nick(revisionIn(message.document))}`;
    });
  }
}

function revisionIn(document: unknown): string {
  const isDocument = typeof document === 'object' && document !== null && 'revision' in document;
  return isDocument ? String(document.revision) : '';
}

const nick = (revision: string) => revision.slice('sha256:'.length, 'sha256:'.length + 6);

/** How a revision is written in `short`. */
export const shortOf = ({ revision }: { readonly revision: string }): string => nick(revision);

const VIEW: PolicyInputs = { servers: '100', grants: '100', sessions: '100', tombstones: '100' };

/** A policy whose one grant is for somebody, seen at some versions. */
export function aDocument(humanID = 'alice', view: Partial<PolicyInputs> = {}, epoch = 0): PolicyDocument {
  return compilePolicy({
    server: aServer(),
    grants: [aGrant({ subject: { humanID } })],
    sessions: [],
    tombstones: [],
    config: DEFAULT_OPERATOR_CONFIG,
    inputs: { ...VIEW, ...view },
    epoch,
  }).document;
}

export const markOf = ({ revision, inputs, epoch }: PolicyDocument): PolicyMark => ({
  revision,
  inputs,
  epoch,
});

/** The policy of a server, with that document. */
export const currentPolicy = (document: PolicyDocument): CurrentPolicy => ({
  mark: markOf(document),
  document: () => document,
});

export const hello = (enforced?: PolicyMark, schemas: string[] = [POLICY_SCHEMA]): UpMessage => ({
  hello: { schemas, features: [], ...(enforced !== undefined && { enforced }) },
});

/** A stream with what it was heard to ask and to tell. */
export function aStream(options: Partial<ProxyStreamOptions> = {}) {
  const wire = new FakeWire();
  const asked: string[] = [];
  const words: ProxyWord[] = [];
  const refused: string[] = [];
  const stream = new ProxyStream({
    server: NOTES,
    pod: POD,
    expiresAtMs: Infinity,
    wire,
    lines: new DocumentLines(),
    nowMs: () => 0,
    onBehind: (behind) => asked.push(behind.join()),
    onWord: (word) => words.push(word),
    onRefused: ({ message }) => refused.push(message),
    onDocument: () => undefined,
    onEnd: () => undefined,
    ...options,
  });
  const say = (...messages: readonly UpMessage[]) => {
    for (const message of messages) stream.hear(JSON.stringify(message));
  };
  const update = (document: PolicyDocument) => stream.update(currentPolicy(document));
  return { stream, wire, asked, words, refused, say, update };
}
