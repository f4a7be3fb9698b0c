import type { ReactNode } from 'react';
import type { AuditDecision } from '#api/audit-event.ts';
import { AUDIT_DECISIONS } from '#api/audit-event.ts';
import type { ServerRecord } from '#api/sentinel-api.ts';
import { Announcer } from './announcer.tsx';
import { DecisionTable } from './decision-table.tsx';
import type { Decisions } from './use-decisions.ts';
import type { Filter } from './use-filter.ts';
import { DECISION_WORDS } from './words.ts';

export interface DecisionsSectionProps {
  readonly decisions: Decisions;
  readonly servers: readonly ServerRecord[];
  readonly filter: Filter;
  readonly onFilter: (filter: Filter) => void;
}

export function DecisionsSection({ decisions, servers, filter, onFilter }: DecisionsSectionProps): ReactNode {
  const { list, isLoading, problem, isPaused, setPaused, waiting } = decisions;
  const isFiltered = filter.server !== undefined || filter.decision !== undefined;
  return (
    <section className="card" id="decisions" aria-labelledby="decisions-title" tabIndex={-1}>
      <div className="section-head">
        <h2 id="decisions-title">Decisions</h2>
        <Filters servers={servers} filter={filter} onFilter={onFilter} />
        <button type="button" className="quiet" aria-pressed={isPaused} onClick={() => setPaused(!isPaused)}>
          {isPaused ? `Resume${waiting.length > 0 ? ` (${waiting.length} new)` : ''}` : 'Pause'}
        </button>
      </div>
      {problem !== undefined && <p className="notice bad">{problem}</p>}
      {list.rows.length === 0 ? (
        <p className="empty">{emptyText(isLoading, isFiltered, problem)}</p>
      ) : (
        <DecisionTable rows={list.rows} />
      )}
      {list.hasOlder && (
        <button type="button" className="quiet older" onClick={decisions.loadOlder}>
          Show older decisions
        </button>
      )}
      <Announcer rows={list.rows} />
    </section>
  );
}

function emptyText(isLoading: boolean, isFiltered: boolean, problem: string | undefined): string {
  if (isLoading) return 'Loading…';
  if (problem !== undefined)
    return 'The decisions can not be shown now; new ones appear here as they happen.';
  if (isFiltered) return 'Nothing matches these filters yet.';
  return 'No decision yet. Call a server through its URL and it appears here at once.';
}

interface FiltersProps {
  readonly servers: readonly ServerRecord[];
  readonly filter: Filter;
  readonly onFilter: (filter: Filter) => void;
}

const ALL = '';

function Filters({ servers, filter, onFilter }: FiltersProps): ReactNode {
  const names = new Set(servers.map(({ namespace, name }) => `${namespace}/${name}`));
  if (filter.server !== undefined) names.add(filter.server);
  const decisionOf = (text: string): AuditDecision | undefined =>
    AUDIT_DECISIONS.find((known) => known === text);
  return (
    <div className="filters" role="group" aria-label="Filters">
      <div className="filter">
        <label htmlFor="filter-server">Server</label>
        <select
          id="filter-server"
          value={filter.server ?? ALL}
          onChange={({ target }) =>
            onFilter({ ...filter, server: target.value === ALL ? undefined : target.value })
          }
        >
          <option value={ALL}>All</option>
          {[...names].map((name) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </select>
      </div>
      <div className="filter">
        <label htmlFor="filter-decision">Decision</label>
        <select
          id="filter-decision"
          value={filter.decision ?? ALL}
          onChange={({ target }) => onFilter({ ...filter, decision: decisionOf(target.value) })}
        >
          <option value={ALL}>All</option>
          {AUDIT_DECISIONS.map((decision) => (
            <option key={decision} value={decision}>
              {DECISION_WORDS[decision].label}
            </option>
          ))}
        </select>
      </div>
    </div>
  );
}
