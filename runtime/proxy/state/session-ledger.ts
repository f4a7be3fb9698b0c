// What the proxy remembers between requests: when an agent session was last used, which is lost at a restart, and which
// questions of the server wait for an answer, which is not. All bounded, none of it decides alone.
import { BoundedMap } from './bounded-map.ts';
import type { Journal } from './journal.ts';

const SESSIONS = 40_000;
const QUESTIONS_PER_SESSION = 64;

/** Changed in place: a number that is set anew with each request is a new object in an old one, each time. */
interface Use {
  ms: number;
}

export class SessionLedger {
  private readonly lastUsed = new BoundedMap<Use>(SESSIONS);
  private readonly questions = new BoundedMap<Set<string>>(SESSIONS);
  private last = { subjectKey: '', session: '', key: '\0' };
  private readonly journal: Journal;

  constructor(journal: Journal) {
    this.journal = journal;
  }

  /** When the caller last used an agent session, in epoch milliseconds. */
  lastUsedMs(subjectKey: string, session: string): number | undefined {
    return this.lastUsed.get(this.keyOf(subjectKey, session))?.ms;
  }

  /** Notes that a request of this session passed. */
  use(subjectKey: string, session: string, nowMs: number): void {
    const key = this.keyOf(subjectKey, session);
    const known = this.lastUsed.renew(key);
    if (known === undefined) this.lastUsed.set(key, { ms: nowMs });
    else known.ms = nowMs;
  }

  /** Asked for twice with each request. */
  private keyOf(subjectKey: string, session: string): string {
    const { last } = this;
    if (last.subjectKey !== subjectKey || last.session !== session) {
      this.last = { subjectKey, session, key: `${session}\0${subjectKey}` };
    }
    return this.last.key;
  }

  /** Notes that the server asked this caller something. */
  ask(conversation: string, idKey: string): void {
    const open = this.questions.get(conversation) ?? new Set();
    open.add(idKey);
    this.questions.set(conversation, open);
    if (isOfSession(conversation)) this.journal.write(conversation, idKey, 'question', { is: 'question' });
    const [oldest] = open;
    if (open.size > QUESTIONS_PER_SESSION && oldest !== undefined) this.answer(conversation, oldest);
  }

  /** Whether an answer was waited for; it is not any more. */
  answer(conversation: string, idKey: string): boolean {
    const isKnown = this.questions.get(conversation)?.delete(idKey) === true;
    const isKept = this.journal.find(conversation, idKey, 'question') !== undefined;
    if (isKept) this.journal.write(conversation, idKey, 'question', { is: 'over' });
    return isKnown || isKept;
  }
}

/** One text for the questions between a server and one caller in one MCP session. */
export function conversationOf(subjectKey: string, mcpSessionId: string | undefined): string {
  return `${mcpSessionId ?? ''}\0${subjectKey}`;
}

/** Whether it is one of an MCP session, whose id nobody can guess. */
function isOfSession(conversation: string): boolean {
  return !conversation.startsWith('\0');
}
