// The policy proxy in front of a server. It is on unless a program says why it isn't.
import type { McpServerSpecInput } from '#api/mcp-server.ts';
import type { DeepReadonly } from '#constructs/kit/deep-readonly.ts';
import type { Exemption } from '#constructs/kit/security.ts';

/** Settings of a proxy that runs; every one has a default. `stripPrefix` defaults to the public prefix. */
export type GatewayOptions = Omit<DeepReadonly<NonNullable<McpServerSpecInput['gateway']>>, 'enabled'>;

/** No proxy: nothing is enforced and nothing is recorded. */
export interface GatewayOff {
  readonly off: Exemption;
}

export type Gateway = GatewayOptions | GatewayOff;

export const Gateway = {
  on: (options: GatewayOptions = {}): Gateway => options,
  /** Leaves a server without policy and audit, for a reason that its manifest carries. */
  off: (why: Exemption): Gateway => ({ off: why }),
} as const;

export function isOff(gateway: Gateway): gateway is GatewayOff {
  return 'off' in gateway;
}
