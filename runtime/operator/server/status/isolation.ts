// Whether the server can be reached past its proxy, as tried from outside its pods.
import { CONDITION_REASONS } from '#api/conditions.ts';
import { firstFinding, holds, off, unknown, waits, type Check, type Finding } from './finding.ts';
import { acknowledgementsOf, noSource, sourceLost } from './proxies.ts';
import type { Scene } from './scene.ts';
import { listed } from './words.ts';

const gatewayEnabled: Check<Scene> = ({ input }) =>
  input.resolved.gateway === undefined
    ? off(
        CONDITION_REASONS.GATEWAY_DISABLED,
        'The server is reached without a proxy, because the gateway is off',
      )
    : undefined;

const runs: Check<Scene> = ({ scaledToZero }) =>
  scaledToZero
    ? off(CONDITION_REASONS.SCALED_TO_ZERO, 'No pod is asked for, so nothing can be reached')
    : undefined;

const nobodyGotThrough: Check<Scene> = (scene) => {
  const open = acknowledgementsOf(scene).filter(
    ({ acknowledgement }) => acknowledgement?.reachablePastProxy === true,
  );
  if (open.length === 0) return undefined;
  const names = listed(open.map(({ pod }) => pod.metadata.name));
  const { port } = scene.input.resolved;
  return waits(
    `Port ${port} of pod ${names} answers past the proxy; have the server listen on 127.0.0.1 (HOST), or run a network plugin that enforces NetworkPolicy and remove policies that open the port`,
    CONDITION_REASONS.REACHABLE_PAST_PROXY,
  );
};

const everybodyTried: Check<Scene> = (scene) => {
  const words = acknowledgementsOf(scene);
  return words.length > 0 &&
    words.every(({ acknowledgement }) => acknowledgement?.reachablePastProxy === false)
    ? undefined
    : unknown(
        CONDITION_REASONS.WAITING,
        'Whether the server can be reached past its proxy was not tried yet',
      );
};

const CHECKS: readonly Check<Scene>[] = [
  gatewayEnabled,
  runs,
  nobodyGotThrough,
  noSource,
  sourceLost,
  everybodyTried,
];

export function isolationFinding(scene: Scene): Finding {
  return firstFinding(CHECKS, scene, holds('The server was not reached past its proxy'));
}
