// The registry of an installation, with the certificate that it serves.
import { Chart } from 'cdk8s';
import type { Certificates } from '#constructs/certs/certificates.ts';
import type { RegistryProps } from '#constructs/registry/registry-settings.ts';
import { Registry, type RegistryOptions } from '#constructs/registry/registry.ts';
import type { Construct } from 'constructs';

export interface RegistryStackProps extends RegistryOptions {
  readonly registry: RegistryProps;
  /** Who signs its certificate (bundled-https). @default its Secret is yours */
  readonly certificates?: Certificates;
}

export class RegistryStack extends Chart {
  readonly registry: Registry;

  /** @throws InvalidConstructError with everything that is wrong */
  constructor(scope: Construct, id: string, { registry, certificates, ...options }: RegistryStackProps) {
    super(scope, id, { disableResourceNameHashes: true });
    this.registry = new Registry(this, 'registry', registry, options);
    const { settings, certificateNames } = this.registry;
    if (settings.mode !== 'bundled-https' || certificates?.issuer === undefined) return;
    certificates.serve(this, 'certificate', {
      name: settings.certificateSecret,
      namespace: settings.namespace,
      dnsNames: certificateNames,
    });
  }
}
