// Durations as manifests write them: what Go's time package prints and the `duration` schema accepts.

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/**
 * Milliseconds of a duration such as `1h30m`, `24h`, `1.5s` or `250ms`, rounded to whole ones.
 * @throws TypeError if the text is none; a parsed resource never has such a text
 */
export function parseDurationMs(duration: string): number {
  if (!/^([0-9]+(\.[0-9]+)?(ms|s|m|h))+$/.test(duration)) {
    throw new TypeError(`'${duration}' is no duration; write for example 30s, 1h30m or 24h`);
  }
  const parts = [...duration.matchAll(/([0-9.]+)(ms|s|m|h)/g)];
  return Math.round(
    parts.reduce((sum, [, amount, unit]) => sum + Number(amount) * (UNIT_MS[unit ?? ''] ?? 0), 0),
  );
}

/** Whole seconds of a duration, rounded up and at least one, because nothing that we wait for may take no time. */
export function parseDurationSeconds(duration: string): number {
  return Math.max(1, Math.ceil(parseDurationMs(duration) / 1_000));
}
