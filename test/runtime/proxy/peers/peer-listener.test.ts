// The listener for peers: whoever has no key of the server gets nothing from it.
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { readFile, writeFile } from 'node:fs/promises';
import https from 'node:https';
import net from 'node:net';
import tls from 'node:tls';
import { parseGatewayKeys } from '#api/gateway-keys.ts';
import { systemClock } from '#runtime/process/clock.ts';
import { makeAuthority } from '#runtime/operator/trust/certificates.ts';
import { KeyRing } from '#runtime/proxy/keys/key-ring.ts';
import { acceptingPeers, connectingToPeers } from '#runtime/proxy/peers/peer-key.ts';
import { Replicas, newKeys } from './replicas.ts';
import { SessionServer } from './session-server.ts';

let replicas: Replicas;
let port: number;
let keys: KeyRing;
beforeEach(async () => {
  replicas = await Replicas.start({ count: 1, upstream: () => new SessionServer('a').listener });
  port = replicas.at(0).proxy.peerPort ?? 0;
  keys = new KeyRing(parseGatewayKeys(await readFile(replicas.keysFile, 'utf8'), 'keys'), systemClock);
});
afterEach(() => replicas.close());

const INITIALIZE = '{"jsonrpc":"2.0","id":0,"method":"initialize"}';

/** What comes of a request at the listener: its status, or what failed. */
function attempt(options: https.RequestOptions): Promise<string> {
  return new Promise((resolve) => {
    const headers = { host: 'notes', 'content-type': 'application/json', 'x-mcp-human-id': 'user-1' };
    const request = https.request(
      { host: '127.0.0.1', port, method: 'POST', path: '/mcp', headers, agent: false, ...options },
      (response) => response.resume().on('end', () => resolve(String(response.statusCode))),
    );
    request.on('error', (error) => resolve(`failed: ${error.message}`));
    request.end(INITIALIZE);
  });
}

const named = (identity: string, psk = keys.sealing('peer').key) => ({
  ...connectingToPeers(keys),
  pskCallback: () => ({ identity, psk }),
});

describe('attack 28: the listener for peers', () => {
  it('serves whoever has a key, by its pipeline', async () => {
    expect(await attempt(connectingToPeers(keys))).toBe('200');
    expect(replicas.at(0).received).toHaveLength(1);
  });

  it('serves both keys while one is replaced, and then the newer alone', async () => {
    const [old] = parseGatewayKeys(await readFile(replicas.keysFile, 'utf8'), 'keys').keys;
    const [young] = newKeys('k2').keys;
    const both = { schemaVersion: 1 as const, keys: [old, young].flatMap((key) => key ?? []) };
    await writeFile(replicas.keysFile, JSON.stringify(both));
    const onlyYoung = new KeyRing({ ...both, keys: both.keys.slice(1) }, systemClock);
    const served = async (ring: KeyRing) => (await attempt(connectingToPeers(ring))) === '200';
    await replicas.at(0).until(() => served(onlyYoung));
    expect(await served(keys)).toBe(true);
    await writeFile(replicas.keysFile, JSON.stringify({ ...both, keys: both.keys.slice(1) }));
    await replicas.at(0).until(async () => !(await served(keys)));
    expect(await served(onlyYoung)).toBe(true);
  });

  it.each<[string, () => https.RequestOptions]>([
    ['a wrong key', () => named('k1', Buffer.alloc(32, 7))],
    ['an unknown name', () => named('k9')],
    ['the key of another purpose', () => named('k1', keys.sealing('session').key)],
    ['the secret itself', () => connectingToPeers(new KeyRing(newKeys('k1'), systemClock))],
    ['no key', () => ({ rejectUnauthorized: false })],
    [
      'an older TLS',
      () => ({ ...named('k1'), minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2', ciphers: 'PSK' }),
    ],
  ])('refuses %s', async (_what, options) => {
    expect(await attempt(options())).toMatch(/^failed: /);
    expect(replicas.at(0).received).toEqual([]);
  });

  it('says nothing to a plain connection', async () => {
    const answered = await new Promise<string>((resolve) => {
      let text = '';
      const socket = net.connect(port, '127.0.0.1');
      socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
      socket.on('error', () => undefined);
      socket.on('close', () => resolve(text));
      socket.write(`POST /mcp HTTP/1.1\r\nhost: notes\r\ncontent-length: 46\r\n\r\n${INITIALIZE}`);
    });
    expect(answered).not.toContain('HTTP');
    expect(replicas.at(0).received).toEqual([]);
  });
});

describe('a proxy that connects to a peer', () => {
  it('talks to nobody who has another key', async () => {
    const other = tls.createServer(acceptingPeers(new KeyRing(newKeys('k1'), systemClock)));
    expect(await saysTo(other)).toMatch(/^failed: /);
  });

  it('talks to nobody who has a certificate in place of the key', async () => {
    const lifetime = { nowMs: Date.now(), validMs: 600_000 };
    const { key, certificate: cert } = await makeAuthority('127.0.0.1', lifetime);
    expect(await saysTo(tls.createServer({ key, cert }))).toMatch(/^failed: /);
  });

  /** What a proxy gets from a listener, and that nothing of its request came there. */
  async function saysTo(server: tls.Server): Promise<string> {
    let heard = '';
    server.on('secureConnection', (socket) => {
      socket.on('error', () => undefined);
      socket.on('data', (chunk: Buffer) => (heard += chunk.toString()));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const at = typeof address === 'object' && address !== null ? address.port : 0;
    const outcome = await attempt({ ...connectingToPeers(keys), port: at });
    await new Promise((resolve) => server.close(resolve));
    expect(heard).toBe('');
    return outcome;
  }
});
