// The certificates of an installation: who signs them, and those that the platform itself needs.
import { z } from 'zod';
import { LABELS, PLATFORM } from '#api/labels.ts';
import { problemsOf } from '#api/sentences.ts';
import { addCertificateObject, type IssuerRef } from '#constructs/kit/cert-manager.ts';
import { constructPath, InvalidConstructError } from '#constructs/kit/invalid-construct-error.ts';
import { Construct } from 'constructs';
import { addIssuer } from './issuer.ts';
import type { SolverEntrance } from './solver.ts';
import { tlsSettings, type TlsProps, type TlsSettings } from './tls-settings.ts';

/** Ninety days, the longest that public authorities still give; replaced after sixty. */
const SERVING_AGE = { duration: '2160h', renewBefore: '720h' };

export interface ServingCertificate {
  /** Name of the object. */
  readonly name: string;
  readonly namespace: string;
  /** Secret that is filled, in the same namespace. @default the name */
  readonly secretName?: string;
  readonly dnsNames: readonly string[];
}

export class Certificates extends Construct {
  readonly settings: TlsSettings;
  /** Who signs; undefined in modes in which nobody of this cluster does. */
  readonly issuer: IssuerRef | undefined;

  /**
   * @param props one of the modes
   * @param entrance how ACME servers reach the hosts (http01)
   * @throws InvalidConstructError with everything that is wrong
   */
  constructor(scope: Construct, id: string, props: TlsProps, entrance: SolverEntrance) {
    const parsed = z.safeParse(tlsSettings, props, { reportInput: true });
    if (!parsed.success) {
      const problems = problemsOf([], parsed.error);
      throw new InvalidConstructError('Certificates', constructPath(scope, id), problems);
    }
    super(scope, id);
    this.settings = parsed.data;
    this.issuer = addIssuer(this, parsed.data, entrance);
  }

  /**
   * Has the issuer keep a certificate for these names in a Secret.
   * @param scope what needs it, and whose chart it belongs to
   * @throws InvalidConstructError in modes without an issuer
   */
  serve(
    scope: Construct,
    id: string,
    { name, namespace, secretName = name, dnsNames }: ServingCertificate,
  ): void {
    if (this.issuer === undefined) {
      const message = `signs nothing (mode ${this.settings.mode}); ${name} needs a mode with an issuer`;
      throw new InvalidConstructError('Certificates', this.node.path, [{ path: 'mode', message }]);
    }
    addCertificateObject(scope, id, {
      metadata: { name, namespace, labels: { [LABELS.partOf]: PLATFORM } },
      secretName,
      issuer: this.issuer,
      dnsNames,
      ...SERVING_AGE,
    });
  }
}
