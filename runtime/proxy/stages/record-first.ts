// Calls that must be on record before they happen: the decision is on disk, then the call goes out.
import { refuseEdge } from '../refusal.ts';
import type { Exchange } from '../exchange.ts';
import { NEXT, WAIT, type Stage } from './stage.ts';

export const recordFirst: Stage = (exchange, { recorder }, flow) => {
  if (!recorder.isOn || !mustBeOnRecord(exchange)) return NEXT;
  recorder.commitDecided(exchange, (stored) => {
    if (exchange.finished) return;
    if (stored) flow.advance(exchange);
    else flow.refuse(exchange, refuseEdge('audit_unavailable'));
  });
  return WAIT;
};

function mustBeOnRecord({ message, snapshot, decision }: Exchange): boolean {
  if (message === undefined || message.kind === 'response') return false;
  switch (snapshot?.document.audit.durability) {
    case 'strict':
      return true;
    case 'by-effect':
      return decision.sideEffect === 'destructive';
    case 'batched':
    case undefined:
      return false;
  }
}
