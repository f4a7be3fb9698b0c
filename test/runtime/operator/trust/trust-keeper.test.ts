// The two Secrets over the years, on a clock of the test's own. Whether a certificate is good is asked of a real TLS
// handshake, as a proxy would.
import { describe, expect, it } from '@jest/globals';
import tls from 'node:tls';
import { DISTRIBUTOR_TLS_NAME } from '#api/names.ts';
import { KubeError, type Kube } from '#runtime/kube/kube.ts';
import { keyText, type KubeObject } from '#runtime/kube/object.ts';
import { textAt } from '#runtime/kube/json-path.ts';
import { TrustKeeper } from '#runtime/operator/trust/trust-keeper.ts';
import { TRUST_TIMES } from '#runtime/operator/trust/trust-plan.ts';
import { silentLog } from '#runtime/process/log.ts';

const DAY = 86_400_000;
const signal = new AbortController().signal;

class Secrets implements Pick<Kube, 'get' | 'apply'> {
  readonly stored = new Map<string, KubeObject>();
  writes: string[] = [];

  get: Kube['get'] = async (_type, key) => Promise.resolve(this.stored.get(keyText(key)));

  apply: Kube['apply'] = async (_type, object) => {
    this.writes.push(object.metadata.name);
    this.stored.set(keyText(object.metadata), object);
    return Promise.resolve(object);
  };

  value(name: string, key: string): string {
    const secret = this.stored.get(`mcp-runtime/${name}`);
    return Buffer.from(textAt(secret, 'data', key) ?? '', 'base64').toString('utf8');
  }
}

/** @param todayIs day of the story that is today: TLS has no other clock than the machine's */
function world(todayIs = 0) {
  const secrets = new Secrets();
  const start = Date.now() - todayIs * DAY;
  const clock = { nowMs: () => start + at.days * DAY, monotonicMs: () => at.days * DAY };
  const at = { days: 0 };
  const bundles: string[] = [];
  const keeper = new TrustKeeper({
    kube: secrets,
    times: TRUST_TIMES,
    clock,
    log: silentLog,
    onBundle: async (bundle) => Promise.resolve(void bundles.push(bundle)),
  });
  const look = async (days: number) => {
    at.days = days;
    secrets.writes = [];
    await keeper.look(signal);
    return { writes: secrets.writes, bundle: bundles.at(-1) ?? '' };
  };
  const certificates = () => (bundles.at(-1) ?? '').split('-----BEGIN').length - 1;
  return { secrets, look, certificates };
}

/** Whether a client that trusts the bundle believes the name of a server that shows the pair. */
async function believes(ca: string, certificate: string, key: string, servername: string): Promise<string> {
  const server = tls.createServer({ cert: certificate, key, minVersion: 'TLSv1.3' }, (socket) =>
    socket.end(),
  );
  server.on('tlsClientError', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  try {
    return await new Promise<string>((resolve) => {
      const socket = tls.connect({ host: '127.0.0.1', port, ca, servername });
      socket.on('secureConnect', () => resolve('yes'));
      socket.on('error', (error: Error & { code?: string }) => resolve(error.code ?? error.message));
      socket.on('secureConnect', () => socket.destroy());
    });
  } finally {
    server.close();
  }
}

describe('the certificates of the platform', () => {
  it('are made once, and believed for the name of the distributors alone', async () => {
    const { secrets, look } = world();
    const { writes, bundle } = await look(0);
    expect(writes).toEqual(['mcp-runtime-ca', 'mcp-runtime-distributor-tls']);
    const pair = ['tls.crt', 'tls.key'].map((key) => secrets.value('mcp-runtime-distributor-tls', key));
    const [certificate = '', key = ''] = pair;
    expect(await believes(bundle, certificate, key, DISTRIBUTOR_TLS_NAME)).toBe('yes');
    expect(await believes(bundle, certificate, key, 'api.example.org')).toBe('ERR_TLS_CERT_ALTNAME_INVALID');
    const stranger = world();
    const { bundle: another } = await stranger.look(0);
    expect(await believes(another, certificate, key, DISTRIBUTOR_TLS_NAME)).not.toBe('yes');
  });

  it('are not written again where nothing is due', async () => {
    const { look } = world();
    await look(0);
    expect((await look(1)).writes).toEqual([]);
    expect((await look(19)).writes).toEqual([]);
    expect((await look(21)).writes).toEqual(['mcp-runtime-distributor-tls']);
  });

  it('are replaced with an overlap in which both authorities are trusted', async () => {
    const { secrets, look, certificates } = world(243);
    await look(0);
    const first = (await look(239)).bundle;
    expect((await look(240)).writes).toContain('mcp-runtime-ca');
    expect(certificates()).toBe(2);
    const servedBy = async (bundle: string) =>
      await believes(
        bundle,
        secrets.value('mcp-runtime-distributor-tls', 'tls.crt'),
        secrets.value('mcp-runtime-distributor-tls', 'tls.key'),
        DISTRIBUTOR_TLS_NAME,
      );
    // A node that has not heard of the new one yet still believes what is served.
    expect(await servedBy(first)).toBe('yes');
    const both = (await look(241)).bundle;
    expect(certificates()).toBe(2);
    expect(await servedBy(first)).not.toBe('yes');
    expect(await servedBy(both)).toBe('yes');
    const second = (await look(242)).bundle;
    expect(certificates()).toBe(1);
    expect(await servedBy(second)).toBe('yes');
  });

  it('come back where somebody removed or broke them', async () => {
    const { secrets, look } = world();
    await look(0);
    secrets.stored.delete('mcp-runtime/mcp-runtime-distributor-tls');
    expect((await look(0)).writes).toEqual(['mcp-runtime-distributor-tls']);
    const broken = secrets.stored.get('mcp-runtime/mcp-runtime-ca');
    secrets.stored.set('mcp-runtime/mcp-runtime-ca', {
      ...broken,
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'mcp-runtime-ca', namespace: 'mcp-runtime' },
      data: { 'authority-1.crt': 'bm9uc2Vuc2U=', 'authority-1.key': 'bm9uc2Vuc2U=' },
    });
    expect((await look(0)).writes).toEqual(['mcp-runtime-ca', 'mcp-runtime-distributor-tls']);
  });

  it('that can not be had keep nobody waiting, and are tried again', async () => {
    let failures = 0;
    const stop = new AbortController();
    const keeper = new TrustKeeper({
      kube: {
        get: () => {
          failures += 1;
          return Promise.reject(new KubeError('forbidden', { code: 'forbidden' }));
        },
        apply: () => Promise.reject(new Error('nothing is to be written')),
      },
      times: TRUST_TIMES,
      clock: { nowMs: () => 0, monotonicMs: () => 0 },
      log: silentLog,
      onBundle: () => Promise.reject(new Error('there is nothing to trust')),
      retryMs: 5,
    });
    await new Promise<void>((resolve) => {
      void keeper.run(() => failures > 2 && resolve(), stop.signal);
    });
    stop.abort();
    expect(failures).toBeGreaterThan(2);
  });
});
