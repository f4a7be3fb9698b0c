// Asks again, while a request is under way, what was asked when it began: permissions end when they end.
import type { Exchange } from '../exchange.ts';
import { refuseDecision, type Refusal } from '../refusal.ts';
import type { ProxyServices } from '../services.ts';
import { decideNow } from '../stages/authorise.ts';

export function policyRefusalOf(exchange: Exchange, services: ProxyServices): Refusal | undefined {
  if (exchange.decision.outcome === 'deny' || exchange.message?.kind === 'response') return undefined;
  const decision = decideNow(exchange, services);
  return decision.outcome === 'deny' ? refuseDecision(decision) : undefined;
}
