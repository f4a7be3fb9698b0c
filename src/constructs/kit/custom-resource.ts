// One of our custom resources in the tree: validated by the rules of the API server before it becomes a node, and
// rendered as it was written. Defaults of the CRD are not written out, so that a manifest shows what its author said.
import { ApiObject, Lazy, type GroupVersionKind } from 'cdk8s';
import { API_VERSION, type Kind, type Resource } from '#api/kind.ts';
import { parseResource } from '#api/parse.ts';
import { err, type Problem, type Result } from '#api/result.ts';
import type { Construct } from 'constructs';
import type { z } from 'zod';
import type { DeepReadonly } from './deep-readonly.ts';

/** Metadata that an author may set. */
export interface ResourceMetadata {
  readonly name: string;
  readonly namespace: string | undefined;
  readonly labels?: Readonly<Record<string, string>> | undefined;
  readonly annotations?: Readonly<Record<string, string>> | undefined;
}

const NO_NAMESPACE: Problem = {
  path: 'namespace',
  message: 'is required: set it here, or on the stack around',
};

/** What the API server would say to this object: the object with its defaults, or everything that is wrong with it. */
export function checkResource<Spec extends z.ZodObject, Status extends z.ZodObject>(
  kind: Kind<Spec, Status>,
  metadata: ResourceMetadata,
  spec: DeepReadonly<z.input<Spec>>,
): Result<Resource<Kind<Spec, Status>>, readonly Problem[]> {
  const parsed = parseResource(kind, { apiVersion: API_VERSION, kind: kind.kind, metadata, spec });
  if (metadata.namespace !== undefined) return parsed;
  return err(parsed.ok ? [NO_NAMESPACE] : [NO_NAMESPACE, ...parsed.error]);
}

/**
 * A copy of plain data, without members that are undefined. What a construct checked must not change any more when
 * the program goes on with its own objects.
 */
export function plainCopy(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plainCopy);
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  return Object.fromEntries(members.map(([name, member]) => [name, plainCopy(member)]));
}

/**
 * Adds a checked object to the tree as the default child of its construct. Of the generated classes it takes the
 * apiVersion and kind alone: their props have names and enums of their own (`humanId`), which would be a second
 * way to write what `checkResource` has checked as the API server will read it (`humanID`).
 * @param type the `GVK` of the generated class
 * @param spec yields what was checked; called when the object is rendered
 */
export function addResource(
  scope: Construct,
  type: GroupVersionKind,
  metadata: ResourceMetadata,
  spec: () => unknown,
): ApiObject {
  const rendered: unknown = Lazy.any({ produce: spec });
  return new ApiObject(scope, 'Resource', { ...type, metadata: { ...metadata }, spec: rendered });
}
