// What the API server shows to the kubelet when it fetches logs or opens a shell: a certificate that signs itself, which
// the kubelet takes as the only authority it knows.
import 'reflect-metadata';
import { randomBytes, webcrypto } from 'node:crypto';
import {
  cryptoProvider,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  PemConverter,
  X509CertificateGenerator,
} from '@peculiar/x509';

cryptoProvider.set(webcrypto);

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const DAY_MS = 86_400_000;

export interface KubeletClient {
  readonly certificate: string;
  readonly key: string;
}

/** PEM of both; they hold from yesterday on, for thirty days. */
export async function makeKubeletClient(nowMs: number): Promise<KubeletClient> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber: `40${randomBytes(8).toString('hex')}`,
    name: 'O=system:masters, CN=kube-apiserver-kubelet-client',
    notBefore: new Date(nowMs - DAY_MS),
    notAfter: new Date(nowMs + 30 * DAY_MS),
    signingAlgorithm: ALGORITHM,
    keys,
    extensions: [new ExtendedKeyUsageExtension([ExtendedKeyUsage.clientAuth])],
  });
  const pkcs8 = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey);
  return { certificate: certificate.toString('pem'), key: PemConverter.encode(pkcs8, 'PRIVATE KEY') };
}
