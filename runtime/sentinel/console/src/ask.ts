// Questions to the sentinel's API. Every answer is parsed; what goes wrong is a value that says what to show.
import type { z } from 'zod';
import { apiError } from '#api/sentinel-api.ts';

export type Answer<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problem: string; readonly unauthorised: boolean };

/** Parameters that are empty are left out. */
export function urlOf(path: string, query: Readonly<Record<string, string | undefined>> = {}): string {
  const given = Object.entries(query).flatMap(([name, value]) =>
    value === undefined || value === '' ? [] : [[name, value]],
  );
  return given.length === 0 ? path : `${path}?${new URLSearchParams(given).toString()}`;
}

export async function ask<T>(schema: z.ZodType<T>, url: string, signal: AbortSignal): Promise<Answer<T>> {
  try {
    const response = await fetch(url, { signal, headers: { accept: 'application/json' } });
    const body: unknown = await response.json().catch(() => undefined);
    if (!response.ok) {
      const told = apiError.safeParse(body);
      const problem = told.success ? told.data.error.message : `The sentinel answered ${response.status}.`;
      return { ok: false, problem, unauthorised: response.status === 401 };
    }
    const parsed = schema.safeParse(body);
    if (parsed.success) return { ok: true, value: parsed.data };
    return fault('The sentinel answered in a form that this page does not know. Reload it.');
  } catch {
    return fault('The sentinel does not answer.');
  }
}

function fault(problem: string): Answer<never> {
  return { ok: false, problem, unauthorised: false };
}
