// What the proxy remembers between requests: when an agent session was last used, and which questions of the server
// wait for an answer. All bounded, all lost at a restart, none of it decides alone.
import { BoundedMap } from './bounded-map.ts';

const SESSIONS = 40_000;
const QUESTIONS_PER_SESSION = 64;

export class SessionLedger {
  private readonly lastUsed = new BoundedMap<number>(SESSIONS);
  private readonly questions = new BoundedMap<Set<string>>(SESSIONS);

  /** When the caller last used an agent session, in epoch milliseconds. */
  lastUsedMs(subjectKey: string, session: string): number | undefined {
    return this.lastUsed.get(`${session}\0${subjectKey}`);
  }

  /** Notes that a request of this session passed. */
  use(subjectKey: string, session: string, nowMs: number): void {
    this.lastUsed.set(`${session}\0${subjectKey}`, nowMs);
  }

  /** Notes that the server asked this caller something. */
  ask(conversation: string, idKey: string): void {
    const open = this.questions.get(conversation) ?? new Set();
    open.add(idKey);
    const [oldest] = open;
    if (open.size > QUESTIONS_PER_SESSION && oldest !== undefined) open.delete(oldest);
    this.questions.set(conversation, open);
  }

  /** Whether an answer was waited for; it is not any more. */
  answer(conversation: string, idKey: string): boolean {
    return this.questions.get(conversation)?.delete(idKey) ?? false;
  }
}

/** One text for the questions between a server and one caller in one MCP session. */
export function conversationOf(subjectKey: string, mcpSessionId: string | undefined): string {
  return `${mcpSessionId ?? ''}\0${subjectKey}`;
}
