// An answer that is asked for again when something happened, and from time to time. The last good one stays on
// screen while a newer one is on its way or fails.
import { useEffect, useState } from 'react';
import type { z } from 'zod';
import { ask } from './ask.ts';

const AGAIN_MS = 20_000;

export interface Shown<T> {
  readonly value: T | undefined;
  readonly problem: string | undefined;
  readonly unauthorised: boolean;
}

/** `news` is any number that changes when the answer may have. */
export function useAnswer<T>(schema: z.ZodType<T>, url: string, news: number): Shown<T> {
  const [shown, setShown] = useState<Shown<T>>({ value: undefined, problem: undefined, unauthorised: false });
  useEffect(() => {
    const ending = new AbortController();
    const look = async (): Promise<void> => {
      const answer = await ask(schema, url, ending.signal);
      if (ending.signal.aborted) return;
      setShown((before) =>
        answer.ok
          ? { value: answer.value, problem: undefined, unauthorised: false }
          : { value: before.value, problem: answer.problem, unauthorised: answer.unauthorised },
      );
    };
    void look();
    const timer = setInterval(() => void look(), AGAIN_MS);
    return () => {
      ending.abort();
      clearInterval(timer);
    };
  }, [schema, url, news]);
  return shown;
}
