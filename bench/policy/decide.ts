// What a decision costs, and that it costs the same however many grants and sessions there are.
import type { PolicyRequest } from '#policy/decision.ts';
import { decide } from '#policy/decide.ts';
import { indexPolicy } from '#policy/policy-index.ts';
import type { BenchContext } from '../context.ts';
import { caller, callers, tool, type Caller } from '../load/request.ts';
import { measure, median, table, type Measure } from '../report.ts';
import { policyFor } from './document.ts';

const sizes = [10, 1_000, 100_000] as const;
const decisionsPerTurn = 200_000;
/** Requests made at once, before the clock runs: as fresh as if they had just been read from a socket. */
const chunk = 1_000;

function requestOf({ human, agent, session }: Caller): PolicyRequest {
  return {
    principal: { assurance: 'asserted', human, agent, teams: [] },
    method: 'tools/call',
    tool,
    session,
  };
}

/** Every caller once, in an order that no cache can guess, the same in each run. */
function shuffled<T>(values: readonly T[]): readonly T[] {
  const result = [...values];
  let state = 1;
  for (let i = result.length - 1; i > 0; i -= 1) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff;
    const j = state % (i + 1);
    const [a, b] = [result[i], result[j]];
    if (a === undefined || b === undefined) continue;
    result[i] = b;
    result[j] = a;
  }
  return result;
}

/** Returns what one turn of decisions takes, in microseconds of CPU each. */
function decider(size: number): () => number {
  const index = indexPolicy(policyFor(callers(size)));
  const order = shuffled(Array.from({ length: size }, (_, i) => i));
  const nowMs = Date.now();
  return () => {
    let allowed = 0;
    let tookUs = 0;
    for (let made = 0; made < decisionsPerTurn; made += chunk) {
      const requests = Array.from({ length: chunk }, (_, i) =>
        requestOf(caller(order[(made + i) % size] ?? 0)),
      );
      const before = process.threadCpuUsage();
      for (const request of requests) if (decide(index, request, nowMs).outcome === 'allow') allowed += 1;
      const { user, system } = process.threadCpuUsage(before);
      tookUs += user + system;
    }
    if (allowed !== decisionsPerTurn) throw new Error(`${decisionsPerTurn - allowed} calls were denied`);
    return tookUs / decisionsPerTurn;
  };
}

export function benchDecide({ rounds, say }: BenchContext): readonly Measure[] {
  say(`deciding with ${sizes.join(', ')} grants and sessions`);
  const deciders = sizes.map((size) => ({ size, turn: decider(size), us: new Array<number>() }));
  for (const { turn } of deciders) turn();
  for (let round = 0; round < rounds; round += 1) for (const each of deciders) each.us.push(each.turn());
  const results = deciders.map(({ size, us }) => ({ size, us: median(us) }));
  const rows = results.map(({ size, us }) => [size, us]);
  console.log(`${table(['grants and sessions', 'µs a decision'], rows)}\n`);
  const smallest = results[0]?.us ?? NaN;
  const largest = results.at(-1)?.us ?? NaN;
  return [measure('policy.decide_us', largest), measure('policy.decide_growth', largest / smallest)];
}
