// Kinds of cert-manager, as typed objects; no generated class knows them.
import { ApiObject } from 'cdk8s';
import type { Construct } from 'constructs';
import { clusterScoped } from './cluster-scoped.ts';
import type { ObjectMeta } from './kubernetes.ts';

const API_VERSION = 'cert-manager.io/v1';

/** Who signs: an issuer of one namespace, or of the cluster. */
export interface IssuerRef {
  readonly kind: 'ClusterIssuer' | 'Issuer';
  readonly name: string;
}

/** A key of a Secret. */
export interface SecretKey {
  readonly name: string;
  readonly key: string;
}

/** How an ACME server is shown that a host is ours. Credentials come by reference. */
export type AcmeSolver =
  | { readonly http01: { readonly ingress: { readonly ingressClassName: string } } }
  | {
      readonly http01: {
        readonly gatewayHTTPRoute: {
          readonly parentRefs: readonly { readonly name: string; readonly namespace: string }[];
        };
      };
    }
  | { readonly dns01: Readonly<Record<string, unknown>> };

export type IssuerSpec =
  | {
      readonly acme: {
        readonly server: string;
        readonly email: string;
        readonly privateKeySecretRef: { readonly name: string };
        readonly solvers: readonly AcmeSolver[];
      };
    }
  | { readonly ca: { readonly secretName: string } }
  | { readonly selfSigned: Readonly<Record<string, never>> };

export function addClusterIssuer(
  scope: Construct,
  id: string,
  metadata: ObjectMeta,
  spec: IssuerSpec,
): ApiObject {
  const props = { apiVersion: API_VERSION, kind: 'ClusterIssuer', metadata: { ...metadata }, spec };
  return clusterScoped(new ApiObject(scope, id, props));
}

export interface CertificateProps {
  readonly metadata: ObjectMeta;
  /** Secret that is filled, in the namespace of the object. */
  readonly secretName: string;
  readonly issuer: IssuerRef;
  readonly dnsNames?: readonly string[] | undefined;
  readonly commonName?: string | undefined;
  /** An authority that signs others. @default false */
  readonly isAuthority?: boolean;
  /** A Go duration. */
  readonly duration: string;
  /** How long before its end it is replaced, a Go duration. */
  readonly renewBefore: string;
}

/** A certificate whose key is a new one each time it is replaced. */
export function addCertificateObject(scope: Construct, id: string, props: CertificateProps): ApiObject {
  const { metadata, secretName, issuer, dnsNames, commonName, isAuthority = false } = props;
  return new ApiObject(scope, id, {
    apiVersion: API_VERSION,
    kind: 'Certificate',
    metadata: { ...metadata },
    spec: {
      secretName,
      isCA: isAuthority ? true : undefined,
      commonName,
      dnsNames,
      duration: props.duration,
      renewBefore: props.renewBefore,
      privateKey: { algorithm: 'ECDSA', size: 256, rotationPolicy: 'Always' },
      usages: isAuthority ? undefined : ['digital signature', 'server auth'],
      issuerRef: { group: 'cert-manager.io', kind: issuer.kind, name: issuer.name },
    },
  });
}
