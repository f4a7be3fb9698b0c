// An API server that has secrets, and notes what it is asked.
import { gatewayKeys } from '#api/gateway-keys.ts';
import { FIELD_MANAGERS } from '#api/names.ts';
import { textAt } from '#runtime/kube/json-path.ts';
import { KubeError, type Kube } from '#runtime/kube/kube.ts';
import { keyText, type KubeObject, type ManagedFieldsEntry } from '#runtime/kube/object.ts';

const writtenBy = (manager: string): readonly ManagedFieldsEntry[] => [
  { manager, operation: 'Update', fieldsV1: { 'f:data': { '.': {}, 'f:keys.json': {} } } },
];

export class FakeSecrets implements Pick<Kube, 'get' | 'create' | 'replace' | 'delete'> {
  readonly stored = new Map<string, KubeObject>();
  readonly asked: string[] = [];
  refuses = false;
  private version = 0;

  get: Kube['get'] = (_type, key) => {
    this.asked.push('get');
    return Promise.resolve(this.stored.get(keyText(key)));
  };

  create: Kube['create'] = (_type, object) => {
    this.asked.push('create');
    if (this.refuses) return Promise.reject(new KubeError('no', { code: 'forbidden' }));
    const key = keyText(object.metadata);
    if (this.stored.has(key)) return Promise.reject(new KubeError(key, { code: 'already_exists' }));
    return Promise.resolve(this.put(object, FIELD_MANAGERS.operator));
  };

  replace: Kube['replace'] = (_type, object) => {
    this.asked.push('replace');
    const live = this.stored.get(keyText(object.metadata));
    if (live === undefined || live.metadata.resourceVersion !== object.metadata.resourceVersion)
      return Promise.reject(new KubeError('another version', { code: 'conflict' }));
    if (live['type'] !== object['type'] || live['immutable'] === true)
      return Promise.reject(new KubeError('a field that stays', { code: 'invalid' }));
    return Promise.resolve(this.put(object, FIELD_MANAGERS.operator));
  };

  delete: Kube['delete'] = (_type, key, options) => {
    this.asked.push('delete');
    const live = this.stored.get(keyText(key));
    if (live === undefined || live.metadata.uid !== options?.uid) return Promise.resolve(false);
    return Promise.resolve(this.stored.delete(keyText(key)));
  };

  /** As somebody wrote it. */
  put(object: KubeObject, manager: string): KubeObject {
    this.version += 1;
    const resourceVersion = String(this.version);
    const uid = object.metadata.uid ?? `s-${resourceVersion}`;
    const metadata = { ...object.metadata, uid, resourceVersion, managedFields: writtenBy(manager) };
    const stored = { ...object, metadata };
    this.stored.set(keyText(object.metadata), stored);
    return stored;
  }

  /** The Secret of the server `team-a/notes`. */
  one(): KubeObject {
    const found = this.stored.get('team-a/notes-gateway-keys');
    if (found === undefined) throw new Error('there are no keys');
    return found;
  }

  keys(): readonly { readonly id: string; readonly secret: string }[] {
    const text = Buffer.from(textAt(this.one(), 'data', 'keys.json') ?? '', 'base64').toString();
    const json: unknown = JSON.parse(text);
    return gatewayKeys.parse(json).keys;
  }

  ids(): readonly string[] {
    return this.keys().map(({ id }) => id);
  }
}
