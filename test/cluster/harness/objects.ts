// Reading objects of the API in tests: by path, without types for all that Kubernetes has.
import { z } from 'zod';
import type { KubeObject } from '#runtime/kube/object.ts';

export type { KubeObject };

const named = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({ name: z.string() }),
});

export function isKubeObject(value: unknown): value is KubeObject {
  return named.safeParse(value).success;
}

/** A member deep inside: `at(deployment, 'spec', 'template', 'spec', 'containers', 0, 'image')`; undefined where a step is missing. */
export function at(value: unknown, ...path: readonly (string | number)[]): unknown {
  let found = value;
  for (const step of path) {
    if (typeof found !== 'object' || found === null) return undefined;
    found = Object.entries(found).find(([name]) => name === String(step))?.[1];
  }
  return found;
}

/** A list deep inside; empty where it is missing. */
export function items(value: unknown, ...path: readonly (string | number)[]): readonly unknown[] {
  const found = at(value, ...path);
  return Array.isArray(found) ? found : [];
}

/** The member of a list that has this name. */
export function byName(list: readonly unknown[], name: string): unknown {
  return list.find((each) => at(each, 'name') === name);
}

export interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string | undefined;
  readonly message?: string | undefined;
  readonly lastTransitionTime?: string | undefined;
  readonly observedGeneration?: number | undefined;
}

const condition = z.looseObject({
  type: z.string(),
  status: z.string(),
  reason: z.string().optional(),
  message: z.string().optional(),
  lastTransitionTime: z.string().optional(),
  observedGeneration: z.number().optional(),
});

/** A condition of an object's status. */
export function conditionOf(object: unknown, type: string): Condition | undefined {
  const found = items(object, 'status', 'conditions').find((each) => at(each, 'type') === type);
  return condition.safeParse(found).data;
}

/** `True MaxUnavailable`: status and reason of a condition in a line; `absent` where there is none. */
export function conditionLine(object: unknown, type: string): string {
  const found = conditionOf(object, type);
  return found === undefined ? 'absent' : `${found.status} ${found.reason ?? ''}`.trim();
}
