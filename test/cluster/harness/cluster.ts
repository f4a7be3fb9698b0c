// What a test has of the cluster that `npm run test:cluster` started. Requests go over HTTP, with the token of whoever
// asks; kubectl is there for what users do with it.
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { ApiClient, type ApiAnswer, type ApiRequest } from '#scripts/engines/api-client.ts';
import { CLUSTER_VARIABLE, clusterFile, type ClusterFile } from '#scripts/cluster/cluster-file.ts';
import { isKubeObject, type KubeObject } from './objects.ts';
import { Acknowledgements } from './acknowledgements.ts';
import { AuditLog } from '#scripts/cluster/audit-log.ts';
import { Control } from './control.ts';
import { Operators } from './operators.ts';
import { pathOf, type Kind } from './resources.ts';

/** Somebody who asks: `admin`, `alice`, `bob`, `carol`; or any other name, whom admin then impersonates. */
export type Who = string;

export interface As {
  /** @default admin */
  readonly as?: Who;
}

export interface KubectlOptions extends As {
  /** Standard input. */
  readonly input?: string;
  /** Returns what went wrong instead of throwing it. */
  readonly allowFailure?: boolean;
}

export interface KubectlResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface PatchOptions extends As {
  /** @default merge */
  readonly type?: 'merge' | 'json' | 'strategic';
  readonly subresource?: string;
  /** @default test */
  readonly manager?: string;
}

const PATCH_TYPES = {
  merge: 'application/merge-patch+json',
  json: 'application/json-patch+json',
  strategic: 'application/strategic-merge-patch+json',
} as const;

const list = z.object({ items: z.array(z.record(z.string(), z.unknown())) });

let shared: Cluster | undefined;

/** The cluster under test, with the connections that a test file has to it. */
export function cluster(): Cluster {
  shared ??= connect();
  return shared;
}

function connect(): Cluster {
  const file = process.env[CLUSTER_VARIABLE];
  if (file === undefined) throw new Error('there is no cluster: run these tests with npm run test:cluster');
  const json: unknown = JSON.parse(readFileSync(file, 'utf8'));
  return new Cluster(clusterFile.parse(json));
}

export class Cluster {
  readonly about: ClusterFile;
  readonly audit: AuditLog;
  readonly acknowledgements: Acknowledgements;
  readonly operators: Operators;
  private readonly control: Control;
  private readonly clients = new Map<string, ApiClient>();

  constructor(about: ClusterFile) {
    this.about = about;
    this.control = new Control(about.control);
    this.audit = new AuditLog(about.auditLog);
    this.acknowledgements = new Acknowledgements(this.control);
    this.operators = new Operators(this.control);
  }

  /** User name of the operator under test, as RBAC and the audit log have it. */
  get operatorUser(): string {
    const { namespace, serviceAccount } = this.about.operator;
    return `system:serviceaccount:${namespace}:${serviceAccount}`;
  }

  /** Runs kubectl. Throws with its standard error where it fails, unless failure is allowed. */
  async kubectl(args: readonly string[], options: KubectlOptions = {}): Promise<KubectlResult> {
    const who = options.as ?? 'admin';
    const own = this.about.users[who];
    const admin = this.about.users['admin'];
    const config = own?.kubeconfig ?? admin?.kubeconfig ?? '';
    const identity =
      own === undefined ? ['--as', who, ...groupsOf(who).flatMap((group) => ['--as-group', group])] : [];
    const all = ['--kubeconfig', config, ...identity, ...args];
    const result = await run(this.about.kubectl, all, options.input);
    if (result.code !== 0 && options.allowFailure !== true)
      throw new Error(`kubectl ${args.join(' ')} ended with ${result.code}: ${result.stderr}`);
    return result;
  }

  /** `kubectl apply`, of a manifest or of objects. */
  async apply(
    what: string | object | readonly object[],
    options: As & { readonly serverSide?: boolean; readonly allowFailure?: boolean } = {},
  ): Promise<KubectlResult> {
    const objects = Array.isArray(what) ? { apiVersion: 'v1', kind: 'List', items: what } : what;
    const input = typeof objects === 'string' ? objects : JSON.stringify(objects);
    const { serverSide = false, ...rest } = options;
    const args = ['apply', ...(serverSide ? ['--server-side'] : []), '-f', '-'];
    return this.kubectl(args, { ...rest, input });
  }

  /** An object; undefined where there is none. */
  async get(kind: Kind, name: string, namespace?: string, options: As = {}): Promise<KubeObject | undefined> {
    const { status, text } = await this.send(pathOf(kind, namespace, name), options);
    if (status === 404) return undefined;
    return objectOf(`get ${kind} ${name}`, status, text);
  }

  /** An object that has to be there. */
  async must(kind: Kind, name: string, namespace?: string): Promise<KubeObject> {
    const found = await this.get(kind, name, namespace);
    if (found === undefined) throw new Error(`there is no ${kind} ${namespace ?? ''}/${name}`);
    return found;
  }

  /** @param selector of labels, `app=notes` */
  async list(
    kind: Kind,
    namespace?: string,
    selector?: string,
    options: As = {},
  ): Promise<readonly KubeObject[]> {
    const query = selector === undefined ? '' : `?labelSelector=${encodeURIComponent(selector)}`;
    const { status, text } = await this.send(`${pathOf(kind, namespace)}${query}`, options);
    if (status !== 200) throw new Error(`list ${kind} was answered with ${status}: ${text}`);
    const json: unknown = JSON.parse(text);
    return list.parse(json).items.map((item) => {
      const object = { apiVersion: '', kind, ...item };
      if (!isKubeObject(object)) throw new Error(`list ${kind}: an item has no name`);
      return object;
    });
  }

  /** Creates an object over HTTP; the answer, whatever it is. */
  async create(object: KubeObject, options: As & { readonly query?: string } = {}): Promise<ApiAnswer> {
    const { namespace } = object.metadata;
    const path = pathOf(object.kind, namespace);
    return this.send(`${path}${options.query ?? ''}`, { ...options, method: 'POST', body: object });
  }

  /** Replaces an object, or its status; the answer, whatever it is. */
  async replace(
    object: KubeObject,
    options: As & { readonly query?: string; readonly subresource?: 'status' } = {},
  ): Promise<ApiAnswer> {
    const { name, namespace } = object.metadata;
    const path = `${pathOf(object.kind, namespace, name)}${options.subresource === undefined ? '' : '/status'}`;
    return this.send(`${path}${options.query ?? ''}`, { ...options, method: 'PUT', body: object });
  }

  /** Patches an object; the object then. Throws where it is refused. */
  async patch(
    kind: Kind,
    name: string,
    namespace: string | undefined,
    body: unknown,
    options: PatchOptions = {},
  ): Promise<KubeObject> {
    const { type = 'merge', subresource, manager = 'test', as } = options;
    const path = pathOf(kind, namespace, name) + (subresource === undefined ? '' : `/${subresource}`);
    const request = {
      method: 'PATCH',
      body,
      contentType: PATCH_TYPES[type],
      ...(as !== undefined && { as }),
    } as const;
    const { status, text } = await this.send(`${path}?fieldManager=${manager}`, request);
    return objectOf(`patch ${kind} ${name}`, status, text);
  }

  /** Deletes an object; false where there was none. */
  async delete(kind: Kind, name: string, namespace?: string, options: As = {}): Promise<boolean> {
    const { status, text } = await this.send(pathOf(kind, namespace, name), { ...options, method: 'DELETE' });
    if (status === 404) return false;
    if (status >= 300) throw new Error(`delete ${kind} ${name} was answered with ${status}: ${text}`);
    return true;
  }

  /** Any request; the answer, whatever it is. */
  send(path: string, { as = 'admin', ...request }: ApiRequest & As = {}): Promise<ApiAnswer> {
    const own = this.about.users[as];
    const token = (own ?? this.about.users['admin'])?.token ?? '';
    const headers: Record<string, string | readonly string[]> =
      own === undefined ? { 'impersonate-user': as, 'impersonate-group': groupsOf(as) } : {};
    const client = this.clients.get(as) ?? new ApiClient(this.about.url, this.about.ca, token, headers);
    this.clients.set(as, client);
    return client.send(path, request);
  }

  /** Has the API server go and come back. @returns when it is ready again */
  async restartApiServer(): Promise<void> {
    await this.control.ask('api-server-restart', {}, z.unknown());
  }

  async stopApiServer(): Promise<void> {
    await this.control.ask('api-server-stop', {}, z.unknown());
  }

  async startApiServer(): Promise<void> {
    await this.control.ask('api-server-start', {}, z.unknown());
  }

  /** Has etcd forget all old states. The API server's own memory of them goes with a restart only. */
  async compact(): Promise<void> {
    await this.control.ask('compact', {}, z.unknown());
  }
}

/** Groups that the API server gives to whoever comes in by himself. */
function groupsOf(who: Who): readonly string[] {
  const [, , namespace] = who.split(':');
  return who.startsWith('system:serviceaccount:')
    ? ['system:serviceaccounts', `system:serviceaccounts:${namespace ?? ''}`, 'system:authenticated']
    : ['system:authenticated'];
}

function objectOf(what: string, status: number, text: string): KubeObject {
  const json: unknown = status < 300 ? JSON.parse(text) : undefined;
  if (!isKubeObject(json)) throw new Error(`${what} was answered with ${status}: ${text}`);
  return json;
}

function run(program: string, args: readonly string[], input = ''): Promise<KubectlResult> {
  return new Promise((resolve) => {
    const options = { maxBuffer: 64 * 1024 * 1024, timeout: 120_000 };
    const child = execFile(program, [...args], options, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 1;
      resolve({ code, stdout, stderr });
    });
    // A kubectl that ends before it has read its input is told by its status.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(input);
  });
}
