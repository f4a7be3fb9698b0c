// The Secret of a server's keys, between what the API server stores and what the plan reads.
import { KEYS_FILE_NAME, type GatewayKeys } from '#api/gateway-keys.ts';
import { LABELS, PLATFORM } from '#api/labels.ts';
import { FIELD_MANAGERS } from '#api/names.ts';
import { textAt } from '#runtime/kube/json-path.ts';
import { ownersOf } from '#runtime/kube/managed-fields.ts';
import type { KubeObject } from '#runtime/kube/object.ts';
import { childMetadata, type Owner } from '../server/child-metadata.ts';
import { readKeys, type HeldKeys } from './keys-plan.ts';

const TYPE = 'Opaque';

/** Whether a Secret is one that the platform made: what somebody else keeps under that name is not to be lost. */
export function isOurs({ metadata }: KubeObject): boolean {
  return metadata.labels?.[LABELS.managedBy] === PLATFORM;
}

export function isOwnedBy(secret: KubeObject, { metadata }: Owner): boolean {
  return secret.metadata.ownerReferences?.some(({ uid }) => uid === metadata.uid) === true;
}

/** Whether its content can be written; of another type, or sealed against changes, it has to be made again. */
export function isWritable(secret: KubeObject): boolean {
  return secret['type'] === TYPE && secret['immutable'] !== true;
}

/** What a Secret holds. What anybody else wrote counts as no keys: who wrote it knows it. */
export function heldIn(secret: KubeObject, nowMs: number): HeldKeys {
  const encoded = textAt(secret, 'data', KEYS_FILE_NAME);
  if (encoded === undefined) return { kind: 'spoilt', why: `had no ${KEYS_FILE_NAME}` };
  const writers = ownersOf(secret, ['data', KEYS_FILE_NAME]);
  const stranger = writers.find((writer) => writer !== FIELD_MANAGERS.operator);
  if (stranger !== undefined) return { kind: 'spoilt', why: `was written by ${stranger}` };
  return readKeys(Buffer.from(encoded, 'base64').toString('utf8'), nowMs);
}

/**
 * The Secret as it has to be.
 * @param live what is there now; what others marked it with stays, and it is replaced only as it was seen
 */
export function secretWith(
  keys: GatewayKeys,
  { owner, name, live }: { owner: Owner; name: string; live?: KubeObject | undefined },
): KubeObject {
  const data = { [KEYS_FILE_NAME]: Buffer.from(JSON.stringify(keys)).toString('base64') };
  return { ...shell(owner, name, live), type: TYPE, data };
}

function shell(owner: Owner, name: string, live: KubeObject | undefined): KubeObject {
  const own = childMetadata(owner, name);
  const { resourceVersion, uid, labels, annotations } = live?.metadata ?? {};
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      ...own,
      labels: { ...labels, ...own.labels },
      ...(annotations !== undefined && { annotations }),
      ...(uid !== undefined && { uid }),
      ...(resourceVersion !== undefined && { resourceVersion }),
    },
  };
}
