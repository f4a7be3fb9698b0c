// The Node of a measured proxy believes to be in a pod of the default limits. There it takes the limit of its memory for the
// most that its heap may hold, and by that decides how far the heap may grow before it collects: less far than on a machine.
import { PROXY_NODE_FLAGS } from '#api/proxy-config.ts';
import { milliOf } from '#api/quantity.ts';
import { DEFAULT_RESOURCES } from '#api/resolve-resources.ts';

const limitMib = (milliOf(DEFAULT_RESOURCES.limits.memory) ?? NaN) / 1000 / 2 ** 20;

export const podFlags: readonly string[] = [...PROXY_NODE_FLAGS, `--max-old-space-size=${limitMib}`];
