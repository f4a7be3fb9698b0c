// What a container asks for and may use: the platform's defaults, overridden value by value.
import type { z } from 'zod';
import type { resources } from './schema.ts';

/** Requests and limits, all set, as quantities: `50m`, `64Mi`. */
export interface ResolvedResources {
  readonly requests: { readonly cpu: string; readonly memory: string };
  readonly limits: { readonly cpu: string; readonly memory: string };
}

export const DEFAULT_RESOURCES: ResolvedResources = {
  requests: { cpu: '50m', memory: '64Mi' },
  limits: { cpu: '500m', memory: '256Mi' },
};

type Given = z.output<typeof resources> | undefined;

/** The defaults with what was given; of several the last wins. */
export function resolveResources(...given: readonly Given[]): ResolvedResources {
  const pick = (of: 'requests' | 'limits', what: 'cpu' | 'memory') =>
    given.reduce((value, next) => next?.[of]?.[what] ?? value, DEFAULT_RESOURCES[of][what]);
  return {
    requests: { cpu: pick('requests', 'cpu'), memory: pick('requests', 'memory') },
    limits: { cpu: pick('limits', 'cpu'), memory: pick('limits', 'memory') },
  };
}
