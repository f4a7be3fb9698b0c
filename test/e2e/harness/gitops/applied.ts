// Objects of a folder that a tool of GitOps applies: built by kustomize, applied server-side under the tool's own name, as
// Argo CD and Flux do it.
import { parseAllDocuments } from 'yaml';
import { cluster } from '#test/cluster/harness/cluster.ts';
import { isKubeObject, type KubeObject } from '#test/cluster/harness/objects.ts';

/** What tells objects apart: `apps/Deployment mcp-runtime/mcp-runtime-distributor`. */
export function keyOf({ apiVersion, kind, metadata }: KubeObject): string {
  const group = apiVersion.includes('/') ? `${apiVersion.slice(0, apiVersion.indexOf('/'))}/` : '';
  return `${group}${kind} ${metadata.namespace === undefined ? '' : `${metadata.namespace}/`}${metadata.name}`;
}

/** `deployments.apps`-like name of a kind for kubectl, in the one version that the object has. */
function resourceOf({ apiVersion, kind }: KubeObject): string {
  const [group, version] = apiVersion.includes('/') ? apiVersion.split('/') : ['', apiVersion];
  return group === '' ? kind : `${kind}.${version}.${group}`;
}

const place = ({ metadata: { namespace } }: KubeObject) => (namespace === undefined ? [] : ['-n', namespace]);

/** The objects of a kustomization. */
export async function build(folder: string): Promise<readonly KubeObject[]> {
  const { stdout } = await cluster().kubectl(['kustomize', folder]);
  return parseAllDocuments(stdout).map((document) => {
    const object: unknown = document.toJS();
    if (!isKubeObject(object)) throw new Error(`${folder} builds something that is no object`);
    return object;
  });
}

/** Applies objects as `manager`, which has its way where somebody else set the same field. */
export async function apply(objects: readonly KubeObject[], manager: string): Promise<void> {
  if (objects.length === 0) return;
  const input = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects });
  const how = ['--server-side', '--force-conflicts', `--field-manager=${manager}`, '--validate=strict'];
  await cluster().kubectl(['apply', ...how, '-f', '-'], { input });
}

/** What the cluster has of them; an object that is not there is left out. */
export async function live(objects: readonly KubeObject[]): Promise<readonly KubeObject[]> {
  if (objects.length === 0) return [];
  const input = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects });
  const { stdout } = await cluster().kubectl(['get', '--ignore-not-found', '-o', 'json', '-f', '-'], {
    input,
  });
  if (stdout.trim() === '') return [];
  const json: unknown = JSON.parse(stdout);
  const found = isKubeObject(json) ? [json] : listed(json);
  return found;
}

function listed(json: unknown): readonly KubeObject[] {
  if (typeof json !== 'object' || json === null || !('items' in json) || !Array.isArray(json.items))
    throw new Error('kubectl returned no list');
  return json.items.filter(isKubeObject);
}

/** Deletes an object and does not wait for its end. */
export async function remove(object: KubeObject): Promise<void> {
  const what = [resourceOf(object), object.metadata.name, ...place(object)];
  await cluster().kubectl(['delete', '--ignore-not-found', '--wait=false', ...what]);
}
