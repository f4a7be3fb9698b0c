// One row per request, latest first. A row opens to everything else that is known of it.
import type { ReactNode } from 'react';
import { Fragment, memo, useState } from 'react';
import type { DecisionRecord } from '#api/sentinel-api.ts';
import { trustRank } from '#api/trust.ts';
import { DecisionDetails } from './decision-details.tsx';
import { keyOf } from './decision-list.ts';
import { callerText, callText, durationText, timeText } from './format.ts';
import { DECISION_WORDS, reasonSentence } from './words.ts';

const COLUMNS: readonly { readonly name: string; readonly note?: string }[] = [
  { name: 'Time' },
  { name: 'Server' },
  { name: 'Caller' },
  { name: 'Call' },
  { name: 'Decision' },
  { name: 'Reason' },
  { name: 'Trust', note: 'has / needs' },
  { name: 'Duration' },
];

export function DecisionTable({ rows }: { readonly rows: readonly DecisionRecord[] }): ReactNode {
  return (
    <div className="scroll" role="region" aria-labelledby="decisions-title" tabIndex={0}>
      <table className="wide">
        <thead>
          <tr>
            {COLUMNS.map(({ name, note }) => (
              <th key={name} scope="col" className={name === 'Duration' ? 'number' : undefined}>
                {name}
                {note !== undefined && <span className="note"> {note}</span>}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((record) => (
            <Row key={keyOf(record)} record={record} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

const Row = memo(function Row({ record }: { readonly record: DecisionRecord }): ReactNode {
  const [isOpen, setOpen] = useState(false);
  return (
    <Fragment>
      <tr className={`decision-row ${record.decision}`}>
        <td className="time">
          <button
            type="button"
            className="open"
            aria-expanded={isOpen}
            aria-label={`Details of the request at ${timeText(record.timestamp)}`}
            onClick={() => setOpen(!isOpen)}
          >
            <span aria-hidden="true">{isOpen ? '▾' : '▸'}</span>
          </button>
          <time dateTime={record.timestamp} title={record.timestamp}>
            {timeText(record.timestamp)}
          </time>
        </td>
        <td title={`${record.namespace}/${record.server}`}>{record.server}</td>
        <td>
          <Caller record={record} />
        </td>
        <td>
          <Call record={record} />
        </td>
        <td>
          <span className={`decision ${record.decision}`}>
            <span aria-hidden="true">{DECISION_WORDS[record.decision].mark}</span>
            {DECISION_WORDS[record.decision].label}
          </span>
        </td>
        <td title={reasonSentence(record.reason)}>
          <code className={record.decision === 'allow' ? 'muted' : undefined}>{record.reason}</code>
        </td>
        <td>
          <Trust record={record} />
        </td>
        <td className="number">
          {record.durationMs === undefined ? <Running /> : durationText(record.durationMs)}
        </td>
      </tr>
      {isOpen && (
        <tr className="details-row">
          <td colSpan={COLUMNS.length}>
            <DecisionDetails record={record} />
          </td>
        </tr>
      )}
    </Fragment>
  );
});

function Running(): ReactNode {
  return <span className="muted">running</span>;
}

function Caller({ record }: { readonly record: DecisionRecord }): ReactNode {
  const [first, ...others] = callerText(record);
  if (first === undefined) return <span className="muted">not given</span>;
  return (
    <>
      {first}
      {others.length > 0 && <span className="muted"> · {others.join(' · ')}</span>}
    </>
  );
}

function Call({ record }: { readonly record: DecisionRecord }): ReactNode {
  const { what, how } = callText(record);
  return (
    <>
      <span className="what">{what}</span>
      {how !== undefined && <span className="muted small"> {how}</span>}
    </>
  );
}

/** What the caller has, and what the call asks for. */
function Trust({ record }: { readonly record: DecisionRecord }): ReactNode {
  const { effective, required } = record.trust;
  if (effective === undefined && required === undefined) return <span className="muted">–</span>;
  const isShort =
    required !== undefined && trustRank(required) > (effective === undefined ? 0 : trustRank(effective));
  return (
    <>
      {effective ?? 'none'}
      {required !== undefined && <span className={isShort ? 'bad-text' : 'muted'}> / {required}</span>}
    </>
  );
}
