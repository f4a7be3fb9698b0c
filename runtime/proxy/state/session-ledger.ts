// What the proxy remembers between requests: when an agent session was last used, which is lost at a restart, and which
// questions of the server wait for an answer, which is not. All bounded, none of it decides alone.
import { BoundedMap } from './bounded-map.ts';
import type { Journal } from './journal.ts';

const SESSIONS = 40_000;
const QUESTIONS_PER_SESSION = 64;

/** When an agent session was last used, epoch milliseconds. */
export interface SessionUse {
  /** Changed in place: a number that is set anew with each request is a new object in an old one, each time. */
  ms: number;
}

/** Who presents an agent session. */
export interface SessionUser {
  readonly subjectKey: string;
  readonly session: string | undefined;
  /** What the ledger knows of it, once it was looked up. */
  sessionUse: SessionUse | undefined;
}

export class SessionLedger {
  private readonly uses = new BoundedMap<SessionUse>(SESSIONS);
  private readonly questions = new BoundedMap<Set<string>>(SESSIONS);
  private readonly journal: Journal;

  constructor(journal: Journal) {
    this.journal = journal;
  }

  /** When the caller last used its agent session, in epoch milliseconds. */
  lastUsedMs(user: SessionUser): number | undefined {
    const { session, subjectKey } = user;
    if (session === undefined) return undefined;
    user.sessionUse ??= this.uses.renew(useKey(subjectKey, session));
    return user.sessionUse?.ms;
  }

  /** Notes that a request of its agent session passed, where it has one. */
  use(user: SessionUser, nowMs: number): void {
    const { session, subjectKey } = user;
    if (session === undefined) return;
    user.sessionUse ??= this.useOf(useKey(subjectKey, session));
    user.sessionUse.ms = nowMs;
  }

  private useOf(key: string): SessionUse {
    const known = this.uses.renew(key);
    if (known !== undefined) return known;
    const use = { ms: 0 };
    this.uses.set(key, use);
    return use;
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

function useKey(subjectKey: string, session: string): string {
  return `${session}\0${subjectKey}`;
}

/** One text for the questions between a server and one caller in one MCP session. */
export function conversationOf(subjectKey: string, mcpSessionId: string | undefined): string {
  return `${mcpSessionId ?? ''}\0${subjectKey}`;
}

/** Whether it is one of an MCP session, whose id nobody can guess. */
function isOfSession(conversation: string): boolean {
  return !conversation.startsWith('\0');
}
