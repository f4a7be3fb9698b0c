// Where an API server keeps things.
import { keyText, type ObjectKey, type ResourceType } from './object.ts';

/** `/apis/apps/v1/namespaces/team/deployments/files`; without a name the collection, without a namespace all of them. */
export function resourcePath(
  type: ResourceType,
  { namespace, name }: { readonly namespace?: string | undefined; readonly name?: string | undefined },
  subresource?: string,
): string {
  const root = type.group === '' ? `/api/${type.version}` : `/apis/${type.group}/${type.version}`;
  const inside =
    type.namespaced && namespace !== undefined ? `/namespaces/${encodeURIComponent(namespace)}` : '';
  const one = name === undefined ? '' : `/${encodeURIComponent(name)}`;
  return `${root}${inside}/${type.resource}${one}${subresource === undefined ? '' : `/${subresource}`}`;
}

export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

/** `?a=b&c=d`, without what is undefined; empty where nothing is left. */
export function queryText(query: Query): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) parameters.set(name, String(value));
  }
  const text = parameters.toString();
  return text === '' ? '' : `?${text}`;
}

/** `Deployment.apps team/files`, for messages. */
export function nameOf(
  type: ResourceType,
  key?: ObjectKey | { readonly namespace?: string | undefined },
): string {
  const kind = type.group === '' ? type.kind : `${type.kind}.${type.group}`;
  if (key === undefined) return kind;
  if ('name' in key) return `${kind} ${keyText(key)}`;
  return key.namespace === undefined ? kind : `${kind} in ${key.namespace}`;
}
