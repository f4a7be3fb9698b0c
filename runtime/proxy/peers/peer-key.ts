// How proxies of one server know each other: TLS 1.3 with a key that both derive from the server's keys. There are no
// certificates, so there is no authority that could vouch for anybody else.
import type tls from 'node:tls';
import type { KeyRing } from '../keys/key-ring.ts';

/** The cipher decides the hash of the handshake, and keys of 32 bytes are for SHA-256. */
const TLS_1_3 = { minVersion: 'TLSv1.3', ciphers: 'TLS_AES_128_GCM_SHA256' } as const;

/** Milliseconds for a handshake. */
const HANDSHAKE_MS = 10_000;

/** Whoever names a live key and has it may come in. */
export function acceptingPeers(keys: KeyRing): tls.TlsOptions {
  return {
    ...TLS_1_3,
    handshakeTimeout: HANDSHAKE_MS,
    pskCallback: (_socket, identity) => keys.opening('peer', identity) ?? null,
  };
}

/** Connects to whoever has the key, and to nobody with a certificate in its place. */
export function connectingToPeers(keys: KeyRing): tls.ConnectionOptions {
  return {
    ...TLS_1_3,
    ca: [],
    pskCallback: () => {
      const { id: identity, key: psk } = keys.sealing('peer');
      return { identity, psk };
    },
    checkServerIdentity: () => new Error('A certificate came where a shared key was expected.'),
  };
}
