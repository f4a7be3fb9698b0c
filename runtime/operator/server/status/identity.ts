// Whether callers prove who they are. It follows from the spec, and is said because a header is easily taken for one.
import { CONDITION_REASONS } from '#api/conditions.ts';
import { holds, off, type Finding } from './finding.ts';
import type { Scene } from './scene.ts';

export function identityFinding({ input }: Scene): Finding {
  const auth = input.resolved.gateway?.auth;
  if (auth === undefined) {
    return off(CONDITION_REASONS.GATEWAY_DISABLED, 'Nobody identifies callers, because the gateway is off');
  }
  switch (auth.mode) {
    case 'none':
      return off(
        CONDITION_REASONS.NOBODY_IDENTIFIED,
        'Callers are not identified (spec.auth.mode is none); set it to oauth',
      );
    case 'header':
      return off(
        CONDITION_REASONS.ASSERTED_BY_HEADERS,
        `Callers name themselves in ${auth.humanHeader} and ${auth.agentHeader}, which anybody who reaches the port can set; set spec.auth.mode to oauth`,
      );
    case 'oauth':
      return holds('Callers prove who they are with tokens');
    case 'mtls':
      return holds('Callers prove who they are with certificates');
  }
}
