// The edge between bytes and objects: JSON of an API server is `unknown` until it went through here.
import { apiVersionOf, type KubeObject, type ObjectMeta, type ResourceType } from './object.ts';

export type JsonRecord = Readonly<Record<string, unknown>>;

export function isRecord(value: unknown): value is JsonRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The members of `value`; none where it is no object. */
export function recordOf(value: unknown): JsonRecord {
  return isRecord(value) ? value : {};
}

/** Whether a member is there: the API knows no difference between absent and null. */
export function isThere(value: unknown): boolean {
  return value !== undefined && value !== null;
}

export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** Whether a server's answer is an object of the API: it has a kind, and metadata with a name. */
export function isKubeObject(value: unknown): value is KubeObject {
  return (
    isRecord(value) &&
    typeof value.apiVersion === 'string' &&
    typeof value.kind === 'string' &&
    isObjectMeta(value.metadata)
  );
}

function isObjectMeta(value: unknown): value is ObjectMeta {
  return isRecord(value) && typeof value.name === 'string';
}

/** An item of a list: those of built-in kinds come without their own apiVersion and kind. */
export function listItem(type: ResourceType, item: unknown): KubeObject | undefined {
  const object = { apiVersion: apiVersionOf(type), kind: type.kind, ...recordOf(item) };
  return isKubeObject(object) ? object : undefined;
}

/** Undefined where the text is no JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
