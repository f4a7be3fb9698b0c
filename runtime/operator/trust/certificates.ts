// The platform's own certificates: an authority, and what it vouches for. A kept library encodes and signs; keys are of
// P-256, because every TLS stack takes them and they are made in no time. Nothing is stored and nothing is decided here.
import 'reflect-metadata';
import { randomBytes, webcrypto, X509Certificate } from 'node:crypto';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  cryptoProvider,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509CertificateGenerator,
  X509Certificate as Certificate,
} from '@peculiar/x509';

cryptoProvider.set(webcrypto);

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
/** Clocks differ: a certificate counts from before it was made, so that a proxy minutes behind takes it at once. */
const SKEW_MS = 10 * 60_000;
const SERIAL_BYTES = 16;

/** A certificate and its private key, both PEM. */
export interface KeyPair {
  readonly certificate: string;
  readonly key: string;
}

export interface Lifetime {
  readonly nowMs: number;
  readonly validMs: number;
}

/** Positive, as the standard asks, and not to be guessed. */
function serialNumber(): string {
  const bytes = randomBytes(SERIAL_BYTES);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes.toString('hex');
}

const validity = ({ nowMs, validMs }: Lifetime) => ({
  notBefore: new Date(nowMs - SKEW_MS),
  notAfter: new Date(nowMs + validMs),
});

async function newKeys(): Promise<webcrypto.CryptoKeyPair> {
  return await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
}

async function pairOf(certificate: Certificate, keys: webcrypto.CryptoKeyPair): Promise<KeyPair> {
  const pkcs8 = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey);
  return {
    certificate: `${certificate.toString('pem')}\n`,
    key: `${PemConverter.encode(pkcs8, 'PRIVATE KEY')}\n`,
  };
}

/** An authority that may sign certificates of servers, and no other authority. */
export async function makeAuthority(name: string, lifetime: Lifetime): Promise<KeyPair> {
  const keys = await newKeys();
  const certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: `CN=${name}`,
    ...validity(lifetime),
    signingAlgorithm: ALGORITHM,
    keys,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return await pairOf(certificate, keys);
}

/**
 * A certificate for a server of these DNS names, by an authority. It never outlives the authority.
 * @throws Error where the authority's key is not that of its certificate, or can't be read
 */
export async function issueServing(
  authority: KeyPair,
  dnsNames: readonly string[],
  lifetime: Lifetime,
): Promise<KeyPair> {
  const issuer = new Certificate(authority.certificate);
  const pkcs8 = PemConverter.decodeFirst(authority.key);
  const signingKey = await webcrypto.subtle.importKey('pkcs8', pkcs8, ALGORITHM, false, ['sign']);
  const keys = await newKeys();
  const { notBefore, notAfter } = validity(lifetime);
  const certificate = await X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    // Who it is for is in the alternative names; no client of today reads this one.
    subject: `CN=${(dnsNames[0] ?? '').slice(0, 64)}`,
    issuer: issuer.subject,
    notBefore,
    notAfter: notAfter < issuer.notAfter ? notAfter : issuer.notAfter,
    signingAlgorithm: ALGORITHM,
    publicKey: keys.publicKey,
    signingKey,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
      new SubjectAlternativeNameExtension(dnsNames.map((value) => ({ type: 'dns', value }))),
      await AuthorityKeyIdentifierExtension.create(issuer.publicKey),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  const pair = await pairOf(certificate, keys);
  if (!isSignedBy(pair.certificate, authority.certificate))
    throw new Error('the key of the authority is not that of its certificate');
  return pair;
}

/** Milliseconds since the epoch at which it was made, and at which it ends. Undefined for what is no certificate. */
export function lifeOf(pem: string): { readonly madeAtMs: number; readonly endsAtMs: number } | undefined {
  try {
    const { validFromDate, validToDate } = new X509Certificate(pem);
    return { madeAtMs: validFromDate.getTime() + SKEW_MS, endsAtMs: validToDate.getTime() };
  } catch {
    return undefined;
  }
}

/** Whether a certificate holds for all of these names, and was signed by this authority. */
export function isSignedBy(pem: string, authority: string): boolean {
  const certificate = new X509Certificate(pem);
  return certificate.verify(new X509Certificate(authority).publicKey);
}

export function holdsFor(pem: string, dnsNames: readonly string[]): boolean {
  const certificate = new X509Certificate(pem);
  return dnsNames.every((name) => certificate.checkHost(name) !== undefined);
}
