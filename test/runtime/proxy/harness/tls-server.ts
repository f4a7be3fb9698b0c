// A server behind TLS, whose certificate this process trusts, or has a reason not to.
import type http from 'node:http';
import https from 'node:https';
import tls from 'node:tls';
import { issueServing, makeAuthority, type KeyPair } from '#runtime/operator/trust/certificates.ts';

export type TlsFault = 'of a stranger' | 'for another name' | 'that is over';

const HOUR_MS = 3_600_000;

let trusted: Promise<KeyPair> | undefined;

/** Made once, and trusted from then on. */
async function makeTrusted(): Promise<KeyPair> {
  const authority = await makeAuthority('servers of tests', { nowMs: Date.now(), validMs: 24 * HOUR_MS });
  tls.setDefaultCACertificates([...tls.getCACertificates('default'), authority.certificate]);
  return authority;
}

/** Not yet listening. @param fault what is wrong with its certificate */
export async function createTlsServer(
  listener: http.RequestListener,
  fault?: TlsFault,
): Promise<https.Server> {
  trusted ??= makeTrusted();
  const now = { nowMs: Date.now(), validMs: HOUR_MS };
  const authority = fault === 'of a stranger' ? await makeAuthority('stranger', now) : await trusted;
  const name = fault === 'for another name' ? 'other.example' : 'localhost';
  const lifetime = fault === 'that is over' ? { ...now, nowMs: now.nowMs - 10 * HOUR_MS } : now;
  const { certificate, key } = await issueServing(authority, [name], lifetime);
  return https.createServer({ cert: certificate, key }, listener);
}
