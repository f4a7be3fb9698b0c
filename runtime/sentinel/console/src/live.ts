// The live stream of decisions. The browser reconnects by itself after most interruptions; where it gives up, this
// tries again, ever more slowly, and says so meanwhile.
import type { LiveDecisions } from '#api/sentinel-api.ts';
import { LIVE_MESSAGES, liveDecisions } from '#api/sentinel-api.ts';

export type LiveState = 'connecting' | 'live' | 'reconnecting';

export interface LiveListener {
  /** After each connection, also the first: what happened before has to be asked for. */
  readonly onOpen: () => void;
  readonly onDecisions: (news: LiveDecisions) => void;
  readonly onInventory: () => void;
}

const FIRST_RETRY_MS = 1_000;
const LAST_RETRY_MS = 15_000;

/** Listens until the returned function is called. */
export function listenLive(
  url: string,
  listener: LiveListener,
  onState: (state: LiveState) => void,
): () => void {
  let source: EventSource | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let retryMs = FIRST_RETRY_MS;
  const connect = (): void => {
    const opened = new EventSource(url);
    source = opened;
    opened.addEventListener('open', () => {
      retryMs = FIRST_RETRY_MS;
      onState('live');
      listener.onOpen();
    });
    opened.addEventListener('error', () => {
      onState('reconnecting');
      if (opened.readyState !== EventSource.CLOSED) return;
      timer = setTimeout(connect, retryMs);
      retryMs = Math.min(retryMs * 2, LAST_RETRY_MS);
    });
    opened.addEventListener(LIVE_MESSAGES.inventory, () => listener.onInventory());
    opened.addEventListener(LIVE_MESSAGES.decisions, (message) => {
      const news = parseNews(message.data);
      if (news !== undefined) listener.onDecisions(news);
    });
  };
  connect();
  return () => {
    clearTimeout(timer);
    source?.close();
  };
}

function parseNews(text: unknown): LiveDecisions | undefined {
  try {
    const parsed = liveDecisions.safeParse(JSON.parse(String(text)));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}
