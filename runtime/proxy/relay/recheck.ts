// Asks again, while a request is under way, what was asked when it began: permissions end when they end.
import type { Exchange } from '../exchange.ts';
import { refuseDecision, type Refusal } from '../refusal.ts';
import type { ProxyServices } from '../services.ts';
import { decideNow, isCallUnderWay } from '../stages/authorise.ts';

export function policyRefusalOf(exchange: Exchange, services: ProxyServices): Refusal | undefined {
  if (exchange.decision.outcome === 'deny' || exchange.message?.kind === 'response') return undefined;
  const decision = decideNow(exchange, services);
  if (decision.outcome === 'deny') return refuseDecision(decision);
  const { caller } = exchange;
  if (caller !== undefined && isCallUnderWay(exchange)) services.ledger.use(caller, services.clock.nowMs());
  return undefined;
}
