// The certificate that the streams are served with, from its Secret. A new one is taken as soon as it is there, for
// connections from then on; one that is damaged is not taken, and the last good one goes on.
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import type { Cache } from '#runtime/kube/cache.ts';
import { textAt } from '#runtime/kube/json-path.ts';
import { keyText, type KubeObject } from '#runtime/kube/object.ts';
import type { Log } from '#runtime/process/log.ts';

/** Both PEM. */
export interface CertificatePair {
  readonly cert: string;
  readonly key: string;
  readonly endsAtMs: number;
}

export interface ServingCertificateOptions {
  /** Of the one Secret. */
  readonly secrets: Cache;
  readonly log: Log;
  readonly onChange: (pair: CertificatePair) => void;
}

export class ServingCertificate {
  current: CertificatePair | undefined;
  private readonly options: ServingCertificateOptions;

  constructor(options: ServingCertificateOptions) {
    this.options = options;
    options.secrets.onChange(({ type, object }) => {
      // Whoever deletes it makes the operator write a new one; until then the old one is as good as it was.
      if (type !== 'deleted') this.take(object);
    });
  }

  private take(secret: KubeObject): void {
    const { log, onChange } = this.options;
    const name = keyText(secret.metadata);
    try {
      const pair = pairOf(secret);
      if (pair.cert === this.current?.cert && pair.key === this.current.key) return;
      this.current = pair;
      log.info(
        { secret: name, endsAt: new Date(pair.endsAtMs).toISOString() },
        'A serving certificate is used.',
      );
      onChange(pair);
    } catch (error) {
      // Errors of OpenSSL name what is wrong and repeat nothing of the key.
      const message = error instanceof Error ? error.message : String(error);
      log.error(
        { secret: name, problem: message },
        'The serving certificate is damaged and not used. Delete its Secret: the operator makes a new one.',
      );
    }
  }
}

/** @throws Error where it is no certificate with its key */
function pairOf(secret: KubeObject): CertificatePair {
  const text = (name: string) => Buffer.from(textAt(secret, 'data', name) ?? '', 'base64').toString('utf8');
  const [cert, key] = [text('tls.crt'), text('tls.key')];
  const leaf = new X509Certificate(cert);
  if (!leaf.checkPrivateKey(createPrivateKey(key))) throw new Error('tls.key is not the key of tls.crt');
  createSecureContext({ cert, key });
  return { cert, key, endsAtMs: leaf.validToDate.getTime() };
}
