// The pull secret of the platform's registry: made once for all servers of a namespace, and again where it went away.
import { describe, expect, it } from '@jest/globals';
import { KubeError, type Kube } from '#runtime/kube/kube.ts';
import { keyText, type KubeObject } from '#runtime/kube/object.ts';
import { PullSecrets } from '#runtime/operator/server/pull-secret.ts';

const credentials = { url: 'registry.example.org', username: 'puller', password: 'hidden' };
const auth = Buffer.from('puller:hidden').toString('base64');
const signal = new AbortController().signal;

/** An API server that has secrets, and counts what it is asked. */
class Secrets implements Pick<Kube, 'get' | 'apply'> {
  readonly stored = new Map<string, KubeObject>();
  reads = 0;
  writes = 0;
  refuses = false;

  get: Kube['get'] = async (_type, key) => {
    this.reads += 1;
    await Promise.resolve();
    return this.stored.get(keyText(key));
  };

  apply: Kube['apply'] = async (_type, object) => {
    this.writes += 1;
    await Promise.resolve();
    if (this.refuses) throw new KubeError('no', { code: 'forbidden' });
    this.stored.set(keyText(object.metadata), object);
    return object;
  };
}

function world() {
  const kube = new Secrets();
  const clock = { ms: 0 };
  const secrets = new PullSecrets({ kube, credentials, name: 'pull', nowMs: () => clock.ms });
  return { kube, clock, secrets };
}

function contentOf(secret: KubeObject | undefined): unknown {
  const data = secret?.['data'];
  const encoded: unknown = typeof data === 'object' && data !== null ? Object.values(data)[0] : undefined;
  return JSON.parse(Buffer.from(String(encoded), 'base64').toString());
}

describe('the pull secret of a namespace', () => {
  it('is what the kubelet reads', async () => {
    const { kube, secrets } = world();
    await secrets.ensure('team-a', signal);
    const secret = kube.stored.get('team-a/pull');
    expect(secret).toMatchObject({ type: 'kubernetes.io/dockerconfigjson' });
    const { username, password } = credentials;
    expect(contentOf(secret)).toEqual({ auths: { 'registry.example.org': { username, password, auth } } });
  });

  it('is looked at once for all servers that come at a time, and for a minute', async () => {
    const { kube, clock, secrets } = world();
    await Promise.all(Array.from({ length: 10 }, () => secrets.ensure('team-a', signal)));
    clock.ms += 59_000;
    await secrets.ensure('team-a', signal);
    expect([kube.reads, kube.writes]).toEqual([1, 1]);
    await secrets.ensure('team-b', signal);
    expect([...kube.stored.keys()]).toEqual(['team-a/pull', 'team-b/pull']);
  });

  it('is made again where it went away, and written only then', async () => {
    const { kube, clock, secrets } = world();
    await secrets.ensure('team-a', signal);
    clock.ms += 61_000;
    await secrets.ensure('team-a', signal);
    expect(kube.writes).toBe(1);
    kube.stored.clear();
    clock.ms += 61_000;
    await secrets.ensure('team-a', signal);
    expect(kube.stored.has('team-a/pull')).toBe(true);
  });

  it('is tried again after a refusal', async () => {
    const { kube, secrets } = world();
    kube.refuses = true;
    await expect(secrets.ensure('team-a', signal)).rejects.toThrow('no');
    kube.refuses = false;
    await secrets.ensure('team-a', signal);
    expect(kube.stored.has('team-a/pull')).toBe(true);
  });
});
