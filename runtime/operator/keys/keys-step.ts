// The keys of a server as one step of its pass. Where they can't be had, nothing of the workload goes out: pods wait for
// the Secret, and would be stuck with it, while those that run go on.
import { serverObjectNames } from '#api/names.ts';
import { isKubeError } from '#runtime/kube/kube.ts';
import type { KubeObject } from '#runtime/kube/object.ts';
import type { ChildChange } from '../server/apply-children.ts';
import type { ApplyFailure } from '../server/status/observed-server.ts';
import type { GatewayKeysKeeper, PodsState } from './gateway-keys.ts';

export interface KeysInput {
  readonly server: KubeObject;
  /** Whether its gateway is on; and if not, whether it was until now. */
  readonly gateway: 'on' | 'switched off' | 'off';
  readonly pods: PodsState;
  readonly nowMs: number;
  readonly signal: AbortSignal;
}

export interface KeysStep {
  readonly changes: readonly ChildChange[];
  readonly failures: readonly ApplyFailure[];
  readonly errors: readonly unknown[];
  readonly lookAgainMs?: number | undefined;
}

const NOTHING: KeysStep = { changes: [], failures: [], errors: [] };

export async function keysStep(keeper: GatewayKeysKeeper, input: KeysInput): Promise<KeysStep> {
  try {
    return { ...NOTHING, ...(await stepOf(keeper, input)) };
  } catch (error) {
    return { ...NOTHING, failures: [failureOf(error, input)], errors: [error] };
  }
}

async function stepOf(keeper: GatewayKeysKeeper, input: KeysInput): Promise<Partial<KeysStep>> {
  const { server, gateway, pods, signal } = input;
  switch (gateway) {
    case 'on':
      return await keeper.ensure(server, pods, signal);
    case 'switched off':
      return { changes: await keeper.remove(server, signal) };
    case 'off':
      return {};
  }
}

function failureOf(error: unknown, { server, nowMs }: KeysInput): ApplyFailure {
  return {
    child: `Secret ${serverObjectNames(server.metadata.name).keysSecret}`,
    code: isKubeError(error) ? error.code : 'unavailable',
    message: error instanceof Error ? error.message : String(error),
    at: new Date(nowMs).toISOString(),
  };
}
