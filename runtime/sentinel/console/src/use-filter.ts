// What the page is narrowed to. It lives in the address, so that a link or a reload shows the same.
import { useCallback, useState } from 'react';
import type { AuditDecision } from '#api/audit-event.ts';
import { AUDIT_DECISIONS } from '#api/audit-event.ts';

export interface Filter {
  /** `namespace/name`; absent for every server. */
  readonly server?: string | undefined;
  readonly decision?: AuditDecision | undefined;
}

export function useFilter(): readonly [Filter, (filter: Filter) => void] {
  const [filter, setFilter] = useState<Filter>(readFilter);
  const change = useCallback((next: Filter) => {
    const query = new URLSearchParams();
    if (next.server !== undefined) query.set('server', next.server);
    if (next.decision !== undefined) query.set('decision', next.decision);
    const text = query.toString();
    history.replaceState(null, '', text === '' ? location.pathname : `?${text}`);
    setFilter(next);
  }, []);
  return [filter, change];
}

function readFilter(): Filter {
  const query = new URLSearchParams(location.search);
  const decision = AUDIT_DECISIONS.find((known) => known === query.get('decision'));
  const server = query.get('server') ?? undefined;
  return { decision, server: server?.includes('/') === true ? server : undefined };
}

/** The filter as parameters of the API. */
export function queryOf({ server, decision }: Filter): Readonly<Record<string, string | undefined>> {
  const [namespace, name] = server === undefined ? [] : splitServer(server);
  return { namespace, server: name, decision };
}

function splitServer(server: string): readonly [string, string] {
  const at = server.indexOf('/');
  return [server.slice(0, at), server.slice(at + 1)];
}
