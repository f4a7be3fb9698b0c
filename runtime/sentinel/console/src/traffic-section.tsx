import type { ReactNode } from 'react';
import type { TrafficSummary } from '#api/sentinel-api.ts';
import { countText } from './format.ts';
import { TrafficChart } from './traffic-chart.tsx';
import type { Shown } from './use-answer.ts';
import { DECISION_WORDS, reasonSentence } from './words.ts';

export interface TrafficSectionProps {
  readonly summary: Shown<TrafficSummary>;
  readonly server: string | undefined;
}

export function TrafficSection({ summary, server }: TrafficSectionProps): ReactNode {
  const { value, problem } = summary;
  return (
    <section className="card" aria-labelledby="traffic-title">
      <div className="section-head">
        <h2 id="traffic-title">Traffic</h2>
        <span className="muted">
          decisions per minute, last hour{server === undefined ? '' : `, ${server}`}
        </span>
      </div>
      {value === undefined ? (
        <p className="empty">{problem ?? 'Loading…'}</p>
      ) : (
        <>
          <TrafficChart minutes={value.minutes} />
          <Reasons reasons={value.reasons} />
        </>
      )}
    </section>
  );
}

const SHOWN_REASONS = 5;

function Reasons({ reasons }: { readonly reasons: TrafficSummary['reasons'] }): ReactNode {
  const refusals = reasons.filter(({ decision }) => decision !== 'allow').slice(0, SHOWN_REASONS);
  if (refusals.length === 0) return null;
  return (
    <>
      <h3>Why requests were refused</h3>
      <ol className="reasons">
        {refusals.map(({ decision, reason, count }) => (
          <li key={`${decision} ${reason}`} title={reasonSentence(reason)}>
            <span className={`mark-only ${decision}`} aria-hidden="true">
              {DECISION_WORDS[decision].mark}
            </span>
            <code>{reason}</code>
            <meter
              className={decision}
              min={0}
              max={refusals[0]?.count ?? 1}
              value={count}
              aria-label={`${reason}: ${count}, ${DECISION_WORDS[decision].label.toLowerCase()}`}
            />
            <span className="number">{countText(count)}</span>
          </li>
        ))}
      </ol>
    </>
  );
}
