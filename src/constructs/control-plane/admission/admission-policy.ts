// A ValidatingAdmissionPolicy with its binding: rules that the API server itself decides, with no webhook that could be
// away. What can't be decided is refused.
import { ApiObject } from 'cdk8s';
import { clusterScoped } from '#constructs/kit/cluster-scoped.ts';
import type { Construct } from 'constructs';
import { clusterMetadata } from '../metadata.ts';

const API_VERSION = 'admissionregistration.k8s.io/v1';

export interface NamedExpression {
  readonly name: string;
  /** CEL. */
  readonly expression: string;
}

export interface Validation {
  /** CEL; what it is false for is refused. */
  readonly expression: string;
  /** CEL for what the refused one is told: who may not do what to which object, and what to do instead. */
  readonly messageExpression: string;
  /** Told where that fails. */
  readonly message: string;
}

export interface AdmissionPolicy {
  readonly name: string;
  readonly resource: {
    readonly apiGroup: string;
    readonly apiVersion: string;
    /** Plural. Subresources, status among them, are not meant. */
    readonly resource: string;
    readonly operations: readonly ('CREATE' | 'UPDATE' | 'DELETE')[];
  };
  /** All have to be true, or the request is none of this policy's business. */
  readonly matchConditions: readonly NamedExpression[];
  /** Read as `variables.<name>` in what follows. */
  readonly variables: readonly NamedExpression[];
  readonly validations: readonly Validation[];
}

export function addAdmissionPolicy(scope: Construct, policy: AdmissionPolicy): void {
  const { name, resource, matchConditions, variables, validations } = policy;
  const { apiGroup, apiVersion, operations } = resource;
  const rule = {
    apiGroups: [apiGroup],
    apiVersions: [apiVersion],
    resources: [resource.resource],
    operations,
  };
  const metadata = clusterMetadata(name);
  const spec = {
    failurePolicy: 'Fail',
    matchConstraints: { resourceRules: [rule] },
    matchConditions,
    variables,
    validations: validations.map((each) => ({ ...each, reason: 'Forbidden' })),
  };
  const kind = 'ValidatingAdmissionPolicy';
  clusterScoped(new ApiObject(scope, name, { apiVersion: API_VERSION, kind, metadata, spec }));
  clusterScoped(
    new ApiObject(scope, `${name}-binding`, {
      apiVersion: API_VERSION,
      kind: `${kind}Binding`,
      metadata,
      spec: { policyName: name, validationActions: ['Deny'] },
    }),
  );
}
