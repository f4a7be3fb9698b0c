// Points in time as programs give them. Only absolute ones: a program that said "in eight hours" would render other
// bytes each time, and every render would extend the session.
import { z } from 'zod';
import { err, ok, type Result } from '#api/result.ts';

const dateTime = z.iso.datetime({ offset: true });

/**
 * The instant in the form that Kubernetes stores, `2030-01-31T12:00:00Z`. Fractions of a second are cut off, because
 * the API server would cut them off too and every diff would show it.
 */
export function instant(value: Date | string): Result<string, string> {
  if (typeof value === 'string' && !dateTime.safeParse(value).success) {
    return err(`"${value}" is not a date and time with a zone, such as 2030-01-31T12:00:00Z`);
  }
  const date = new Date(value);
  if (Number.isNaN(date.getTime())) return err(`${JSON.stringify(value)} is not a point in time`);
  const year = date.getUTCFullYear();
  if (year < 1 || year > 9999) return err(`the year ${year} does not fit into four digits`);
  return ok(`${date.toISOString().slice(0, 19)}Z`);
}
