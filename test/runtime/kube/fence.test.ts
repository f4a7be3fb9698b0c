import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { KubeClient } from '#runtime/kube/kube-client.ts';
import type { Kube } from '#runtime/kube/kube.ts';
import { makeAuthority } from '#runtime/operator/trust/certificates.ts';
import { FakeApiServer } from './fake-api-server.ts';
import { CONFIG_MAPS, configMap, until } from './things.ts';

const map = configMap('notes');

const WRITES: readonly (readonly [string, (kube: Kube) => Promise<unknown>])[] = [
  ['create', (kube) => kube.create(CONFIG_MAPS, map)],
  ['replace', (kube) => kube.replace(CONFIG_MAPS, map)],
  ['replaceStatus', (kube) => kube.replaceStatus(CONFIG_MAPS, map)],
  ['apply', (kube) => kube.apply(CONFIG_MAPS, map, { manager: 'test' })],
  ['patch', (kube) => kube.patch(CONFIG_MAPS, map.metadata, { type: 'merge', body: {}, manager: 'test' })],
  ['delete', (kube) => kube.delete(CONFIG_MAPS, map.metadata)],
];

const REFUSED = {
  code: 'unavailable',
  message: expect.stringMatching(/ConfigMap team\/notes.*: not sent, because .* lease/),
};

const portOf = (server: Server): number => {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
};

/** Takes connections for a server, and keeps what comes over them until it is opened. */
class Gate {
  arrived = 0;
  private readonly opened = Promise.withResolvers<undefined>();
  private readonly server: Server;
  private readonly sockets = new Set<Socket>();

  private constructor(target: number) {
    this.server = createServer((from) => {
      this.arrived += 1;
      const to = connect(target, '127.0.0.1');
      for (const socket of [from, to]) {
        this.sockets.add(socket);
        socket.on('error', () => undefined);
      }
      void this.opened.promise.then(() => from.pipe(to).pipe(from));
    });
  }

  static async before(target: number): Promise<Gate> {
    const gate = new Gate(target);
    await once(gate.server.listen(0, '127.0.0.1'), 'listening');
    return gate;
  }

  get port(): number {
    return portOf(this.server);
  }

  open(): void {
    this.opened.resolve(undefined);
  }

  close(): void {
    this.server.close();
    for (const socket of this.sockets) socket.destroy();
  }
}

describe('a client with a fence', () => {
  let server: FakeApiServer;
  let client: KubeClient;
  let fenced: Kube;
  let may = true;

  const clientTo = (url: string): void => {
    client = new KubeClient(
      { ...server.connection, server: new URL(url), skipTlsVerify: true },
      { connections: 1, manager: 'tests' },
    );
    fenced = client.fenced(() => may);
  };

  beforeEach(async () => {
    may = true;
    server = await FakeApiServer.start([CONFIG_MAPS]);
    clientTo(server.connection.server.href);
  });
  afterEach(async () => {
    await client.close();
    await server.close();
  });

  it.each(WRITES)('sends %s while its owner may write, and not afterwards', async (verb, write) => {
    if (verb !== 'create') server.put(CONFIG_MAPS, map);
    await write(fenced);
    expect(server.writes).toHaveLength(1);
    may = false;
    await expect(write(fenced)).rejects.toMatchObject(REFUSED);
    expect(server.writes).toHaveLength(1);
    // The client that it was made of has none.
    await write(client).catch(() => undefined);
    expect(server.writes).toHaveLength(2);
  });

  it('reads at any time', async () => {
    server.put(CONFIG_MAPS, map);
    may = false;
    expect(await fenced.get(CONFIG_MAPS, map.metadata)).toMatchObject({ metadata: map.metadata });
    expect(await fenced.list(CONFIG_MAPS)).toHaveLength(1);
  });

  it('sends nothing of a write that had to wait for its turn for too long', async () => {
    server.fault = ({ method }) => (method === 'GET' ? 'hang' : undefined);
    const enough = new AbortController();
    const before = client.get(CONFIG_MAPS, map.metadata, enough.signal).catch(() => undefined);
    await until(() => server.requests.length === 1);
    const late = expect(fenced.create(CONFIG_MAPS, map)).rejects.toMatchObject(REFUSED);
    may = false;
    enough.abort();
    await Promise.all([before, late]);
    expect(server.writes).toEqual([]);
  });

  it('writes over a connection that is used again, and over one that it was handed by another request', async () => {
    const others = ['a', 'b', 'c'].map((name) => fenced.create(CONFIG_MAPS, configMap(name)));
    await Promise.all(others);
    await fenced.create(CONFIG_MAPS, map);
    expect(server.writes).toHaveLength(4);
  });

  it('sends nothing of a write whose connection took too long to be made', async () => {
    const { certificate, key } = await makeAuthority('tests', {
      nowMs: Date.now(),
      validMs: 3_600_000,
    });
    const { port } = server.connection.server;
    const tls = createTlsServer({ cert: certificate, key }, (socket) => {
      const to = connect(Number(port), '127.0.0.1');
      for (const end of [socket, to]) end.on('error', () => undefined);
      socket.pipe(to).pipe(socket);
    });
    await once(tls.listen(0, '127.0.0.1'), 'listening');
    const gate = await Gate.before(portOf(tls));
    clientTo(`https://127.0.0.1:${gate.port}`);
    try {
      const late = expect(fenced.create(CONFIG_MAPS, map)).rejects.toMatchObject(REFUSED);
      await until(() => gate.arrived === 1);
      may = false;
      gate.open();
      await late;
      expect(server.requests).toEqual([]);
      // Nor does another one wait for a connection first.
      await expect(fenced.create(CONFIG_MAPS, map)).rejects.toMatchObject(REFUSED);
      expect(gate.arrived).toBe(1);
      may = true;
      for (const name of ['a', 'b']) await fenced.create(CONFIG_MAPS, configMap(name));
      await Promise.all(['c', 'd'].map((name) => fenced.create(CONFIG_MAPS, configMap(name))));
      expect(server.writes).toHaveLength(4);
    } finally {
      gate.close();
      tls.close();
    }
  });
});
