// The decisions that match a filter, live: the first page when the stream opens, then what it tells, older pages on
// request. While the reader has paused, new ones wait and are only counted.
import { useCallback, useEffect, useRef, useState } from 'react';
import type { DecisionPage, DecisionRecord, LiveDecisions } from '#api/sentinel-api.ts';
import { decisionPage, SENTINEL_PATHS } from '#api/sentinel-api.ts';
import { ask, urlOf } from './ask.ts';
import type { DecisionList } from './decision-list.ts';
import { EMPTY_LIST, MAX_ROWS, merge, withLive } from './decision-list.ts';
import type { LiveState } from './live.ts';
import { listenLive } from './live.ts';
import type { Filter } from './use-filter.ts';
import { queryOf } from './use-filter.ts';

export interface Decisions {
  readonly list: DecisionList;
  readonly isLoading: boolean;
  readonly problem: string | undefined;
  readonly live: LiveState;
  /** Changes with each piece of news; other answers are asked for again then. */
  readonly news: number;
  /** Decisions that wait while paused. */
  readonly waiting: readonly DecisionRecord[];
  readonly isPaused: boolean;
  readonly setPaused: (paused: boolean) => void;
  readonly loadOlder: () => void;
}

/** Other answers follow the stream at this pace at most. */
const NEWS_MS = 2_000;
const PAGE = '100';

export function useDecisions(filter: Filter): Decisions {
  const [list, setList] = useState<DecisionList>(EMPTY_LIST);
  const [status, setStatus] = useState(LOADING);
  const [live, setLive] = useState<LiveState>('connecting');
  const [waiting, setWaiting] = useState<readonly DecisionRecord[]>([]);
  const [isPaused, showPaused] = useState(false);
  const paused = useRef(false);
  const loader = useRef<(before: string | undefined) => void>(() => undefined);
  const [news, bump] = useNews();
  const { server, decision } = filter;

  useEffect(() => {
    const ending = new AbortController();
    const query = queryOf({ server, decision });
    const load = async (before: string | undefined): Promise<void> => {
      const url = urlOf(SENTINEL_PATHS.decisions, { ...query, before, limit: PAGE });
      const answer = await ask(decisionPage, url, ending.signal);
      if (ending.signal.aborted) return;
      setStatus({ isLoading: false, problem: answer.ok ? undefined : answer.problem });
      if (answer.ok) setList((shown) => withPage(shown, answer.value, before !== undefined));
    };
    loader.current = (before) => void load(before);
    setList(EMPTY_LIST);
    setWaiting([]);
    setStatus(LOADING);
    void load(undefined);
    const listener = {
      onOpen: () => {
        void load(undefined);
        bump();
      },
      onInventory: bump,
      onDecisions: ({ decisions }: LiveDecisions) => {
        bump();
        if (paused.current) setWaiting((before) => merge(before, decisions).slice(0, MAX_ROWS));
        else setList((shown) => withLive(shown, decisions));
      },
    };
    const stop = listenLive(urlOf(SENTINEL_PATHS.decisionStream, query), listener, setLive);
    return () => {
      ending.abort();
      stop();
    };
  }, [server, decision, bump]);

  const setPaused = (next: boolean): void => {
    paused.current = next;
    showPaused(next);
    if (next) return;
    setList((shown) => withLive(shown, waiting));
    setWaiting([]);
  };
  const loadOlder = (): void => loader.current(list.rows.at(-1)?.cursor);
  return { list, ...status, live, news, waiting, isPaused, setPaused, loadOlder };
}

interface Status {
  readonly isLoading: boolean;
  readonly problem: string | undefined;
}

const LOADING: Status = { isLoading: true, problem: undefined };

/** The first page comes again after each reconnection; it says nothing about what is older than the list. */
function withPage(shown: DecisionList, page: DecisionPage, isOlder: boolean): DecisionList {
  const rows = merge(shown.rows, page.decisions);
  const hasMore = page.next !== undefined;
  return { rows, hasOlder: isOlder || shown.rows.length === 0 ? hasMore : shown.hasOlder || hasMore };
}

/** A number that grows after `bump`, at a pace that other questions can follow. */
function useNews(): readonly [number, () => void] {
  const [news, setNews] = useState(0);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  const bump = useCallback(() => {
    timer.current ??= setTimeout(() => {
      timer.current = undefined;
      setNews((count) => count + 1);
    }, NEWS_MS);
  }, []);
  return [news, bump];
}
