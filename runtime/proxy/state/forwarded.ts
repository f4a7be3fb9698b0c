// Exchanges whose request is with the server. A list with places that are used again: a Map would leave its earlier tables
// behind, each with a link to the next, and one of them in the old generation keeps every exchange alive that came after.
import type { Exchange } from '../exchange.ts';

/** Ends an exchange that is under way: because policy no longer lets it, or because the proxy ends. */
export interface Cut {
  recheck(): void;
  /** The proxy ends; streams that never end by themselves have to, but for those of sessions that go on. */
  drain(sessionsGoOn: boolean): void;
  /** There is no time left to wait for the server. */
  giveUp(): void;
}

interface Entry {
  readonly exchange: Exchange;
  readonly cut: Cut;
}

export class Forwarded {
  private readonly entries: Entry[] = [];

  get size(): number {
    return this.entries.length;
  }

  /** Adds an exchange, or puts another cut in place of its former one. */
  add(exchange: Exchange, cut: Cut): void {
    const place = exchange.forwardedPlace ?? this.entries.length;
    exchange.forwardedPlace = place;
    this.entries[place] = { exchange, cut };
  }

  /** The last one takes its place. */
  remove(exchange: Exchange): void {
    const place = exchange.forwardedPlace;
    if (place === undefined) return;
    exchange.forwardedPlace = undefined;
    const last = this.entries.pop();
    if (last === undefined || last.exchange === exchange) return;
    this.entries[place] = last;
    last.exchange.forwardedPlace = place;
  }

  /** Those of now, so that what is done to them may remove them. */
  cuts(): readonly Cut[] {
    return this.entries.map(({ cut }) => cut);
  }

  some(matches: (exchange: Exchange) => boolean): boolean {
    return this.entries.some(({ exchange }) => matches(exchange));
  }
}
