// Waiting for the state of the world, and for its staying as it is.
import { inspect } from 'node:util';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Patience {
  /** How long until the state is given up on; nothing is waited for once it is there. @default 60 000 */
  readonly timeoutMs?: number;
  /** Between two looks. @default 150 */
  readonly everyMs?: number;
}

/**
 * For what the garbage collector or the end of a namespace takes away: it is told of deletions one by one, and tries again
 * with growing pauses where a machine is too busy to answer it.
 */
export const COLLECTED: Patience = { timeoutMs: 90_000 };

/**
 * Looks until there is something to see: until `look` returns anything but undefined or false, without throwing.
 * Expectations may be inside; the last one that failed is what the error tells.
 * @param what is waited for, for the error: `the route is ready`
 */
export async function eventually<T>(
  what: string,
  look: () => Promise<T> | T,
  { timeoutMs = 60_000, everyMs = 150 }: Patience = {},
): Promise<Exclude<T, undefined | false>> {
  const until = performance.now() + timeoutMs;
  for (;;) {
    const seen = await lookOnce(look);
    if ('value' in seen && isSomething(seen.value)) return seen.value;
    if (performance.now() > until) {
      const last = 'value' in seen ? `saw ${inspect(seen.value, { depth: 8 })}` : messageOf(seen.error);
      throw new Error(`not in ${timeoutMs} ms: ${what}; at last: ${last}`, {
        cause: 'error' in seen ? seen.error : undefined,
      });
    }
    await sleep(everyMs);
  }
}

/** Looks until a value is as it should be, and returns it; the error shows the last one that was not. */
export async function until<T>(
  what: string,
  look: () => Promise<T> | T,
  holds: (value: T) => boolean,
  patience: Patience = {},
): Promise<T> {
  let last: T | undefined;
  const wrapped = async () => {
    last = await look();
    return holds(last) ? { value: last } : undefined;
  };
  try {
    return (await eventually(what, wrapped, patience)).value;
  } catch (error) {
    throw new Error(`${messageOf(error)}\nthe last value: ${inspect(last, { depth: 10 })}`, { cause: error });
  }
}

/** Looks again and again for a while; `look` has to hold each time, with expectations inside or by its answer. */
export async function stays(
  what: string,
  look: () => Promise<unknown>,
  { forMs, everyMs = 150 }: { readonly forMs: number; readonly everyMs?: number },
): Promise<void> {
  const end = performance.now() + forMs;
  while (performance.now() < end) {
    if ((await look()) === false) throw new Error(`did not stay so: ${what}`);
    await sleep(everyMs);
  }
}

type Seen<T> = { readonly value: T } | { readonly error: unknown };

async function lookOnce<T>(look: () => Promise<T> | T): Promise<Seen<T>> {
  try {
    return { value: await look() };
  } catch (error) {
    return { error };
  }
}

function isSomething<T>(value: T): value is Exclude<T, undefined | false> {
  return value !== undefined && value !== false;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
