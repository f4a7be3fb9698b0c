import type { ReactNode } from 'react';
import { countText } from './format.ts';
import type { LiveState } from './live.ts';

export interface HeaderProps {
  readonly live: LiveState;
  /** Why the sentinel can't answer; absent while it does. */
  readonly problem: string | undefined;
  /** Events that are recorded but not searchable yet. */
  readonly pending: number;
}

const STATES: Readonly<Record<LiveState, string>> = {
  connecting: 'Connecting…',
  live: 'Live',
  reconnecting: 'Reconnecting…',
};

/** A few events are always on their way; this many mean that the store lags. */
const LAGGING = 1000;

export function Header({ live, problem, pending }: HeaderProps): ReactNode {
  return (
    <header className="top">
      <a className="skip" href="#decisions">
        Skip to decisions
      </a>
      <div className="brand">
        <Mark />
        <h1>MCP Runtime</h1>
        <span className="muted">console</span>
      </div>
      <p className={`live ${live}`} role="status">
        <span className="dot" aria-hidden="true" />
        {STATES[live]}
      </p>
      {problem !== undefined && (
        <p className="notice bad" role="alert">
          {problem} What is shown may be out of date.
        </p>
      )}
      {problem === undefined && pending >= LAGGING && (
        <p className="notice">{countText(pending)} recorded events are on their way to the store.</p>
      )}
    </header>
  );
}

function Mark(): ReactNode {
  return (
    <svg className="mark" viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="8" />
      <path d="M16 6.500 24 9.600v6.200c0 5-3.400 8.200-8 9.700-4.600-1.500-8-4.700-8-9.700V9.600z" />
      <path d="m12.300 15.900 2.700 2.700 4.900-5.100" />
    </svg>
  );
}
