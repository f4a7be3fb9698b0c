// Where everything of a test node is. Several may run at once, each in a slot of its own with addresses of its own; all
// of them are routed on this machine and lead nowhere else.

export const SLOTS = 8;

export const NODE_NAME = 'test-node';

export interface Addresses {
  readonly slot: number;
  /** Name of the link's end on this machine. */
  readonly link: string;
  /** This machine, on the link. */
  readonly machine: string;
  /** The node: its API server, its node ports, its ingress. */
  readonly node: string;
  readonly apiPort: number;
  readonly pods: string;
  readonly services: string;
  /** The Service that answers DNS queries. */
  readonly dns: string;
  /** Name of the control group that holds all of its processes. */
  readonly controlGroup: string;
}

export function addressesOf(slot: number): Addresses {
  return {
    slot,
    link: `mcp-node-${slot}`,
    machine: `10.98.${slot}.254`,
    node: `10.98.${slot}.1`,
    apiPort: 6443,
    pods: `10.244.${slot}.0/24`,
    services: `10.96.${slot}.0/24`,
    dns: `10.96.${slot}.10`,
    controlGroup: `mcp-node-${slot}`,
  };
}
