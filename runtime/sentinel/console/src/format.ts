// How times, durations and callers are written. Times are the reader's local ones; the exact one is in the title.
import type { DecisionRecord } from '#api/sentinel-api.ts';

const clock = new Intl.DateTimeFormat(undefined, {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
});
const dateAndTime = new Intl.DateTimeFormat(undefined, {
  month: 'short',
  day: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
  hourCycle: 'h23',
});
const dateAndYear = new Intl.DateTimeFormat(undefined, {
  year: 'numeric',
  month: 'short',
  day: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
  hourCycle: 'h23',
});
const wholeNumber = new Intl.NumberFormat();

/** Today's times without the date. */
export function timeText(iso: string, now = new Date()): string {
  const time = new Date(iso);
  if (time.toDateString() !== now.toDateString()) return dayText(iso, now);
  return `${clock.format(time)}.${String(time.getMilliseconds()).padStart(3, '0')}`;
}

/** With the year where it is another one: a session that ended in 2020 looks like one that ends next month otherwise. */
export function dayText(iso: string, now = new Date()): string {
  const time = new Date(iso);
  const form = time.getFullYear() === now.getFullYear() ? dateAndTime : dateAndYear;
  return form.format(time);
}

export function countText(count: number): string {
  return wholeNumber.format(count);
}

export function durationText(ms: number): string {
  if (ms < 10) return `${ms.toFixed(1)} ms`;
  if (ms < 1000) return `${ms.toFixed(0)} ms`;
  return ms < 60_000 ? `${(ms / 1000).toFixed(1)} s` : `${(ms / 60_000).toFixed(1)} min`;
}

/** What was called: the tool where there is one, else the method, else the HTTP request. */
export function callText(record: DecisionRecord): {
  readonly what: string;
  readonly how: string | undefined;
} {
  if (record.tool !== undefined) return { what: record.tool, how: record.rpcMethod };
  if (record.rpcMethod !== undefined) return { what: record.rpcMethod, how: undefined };
  return { what: `${record.httpMethod} ${record.path}`, how: undefined };
}

/** Who called, most telling first; empty where the request said nothing. */
export function callerText(record: DecisionRecord): readonly string[] {
  const { humanId, agentId, teamId } = record.caller;
  return [humanId, agentId, teamId].filter((part) => part !== undefined && part !== '').map(String);
}
