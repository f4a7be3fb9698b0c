import type { ReactNode } from 'react';
import type { DecisionRecord } from '#api/sentinel-api.ts';
import { reasonSentence } from './words.ts';

/** Everything known of a request that its row has no room for; what is not known is left out. */
export function DecisionDetails({ record }: { readonly record: DecisionRecord }): ReactNode {
  const sentence = record.decision === 'allow' ? undefined : reasonSentence(record.reason);
  return (
    <div className="details">
      {sentence !== undefined && <p>{sentence}</p>}
      <dl>
        {factsOf(record).map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </div>
  );
}

function factsOf(record: DecisionRecord): readonly (readonly [string, string])[] {
  const { caller, trust } = record;
  const facts: readonly (readonly [string, string | undefined])[] = [
    ['Server', `${record.namespace}/${record.server}`],
    ['Human', caller.humanId],
    ['Agent', caller.agentId],
    ['Team', caller.teamId],
    ['Identity', caller.assurance],
    ['Session presented', record.session],
    ['Grant that decided', record.grant],
    ['Trust granted', trust.granted],
    ['Trust consented', trust.consented],
    ['Trust required', trust.required],
    ['Side effect', record.sideEffect],
    ['Outcome', record.outcome === 'none' ? undefined : record.outcome],
    [
      'HTTP',
      `${record.httpMethod} ${record.path}${record.status === undefined ? '' : ` → ${record.status}`}`,
    ],
    ['JSON-RPC', rpcText(record)],
    ['Client', record.client],
    ['Policy revision', record.policyRevision],
    ['Trace', record.traceId],
    ['Event', record.id],
    ['Time', record.timestamp],
  ];
  return facts.flatMap(([name, value]) => (value === undefined || value === '' ? [] : [[name, value]]));
}

function rpcText({ rpcMethod, rpcId }: DecisionRecord): string | undefined {
  if (rpcMethod === undefined) return undefined;
  return rpcId === undefined ? rpcMethod : `${rpcMethod}, id ${rpcId}`;
}
