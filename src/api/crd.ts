// The CustomResourceDefinition of a kind, from the one schema that also types and parses it. Pure: the same kind is
// the same object, wherever it is generated.
import { API_GROUP, API_VERSION, type Kind, type PrinterColumn, type Rule } from './kind.ts';
import { LABELS, PLATFORM } from './labels.ts';
import { structuralSchema, type StructuralSchema } from './structural-schema.ts';

/** Annotation with the digest of the schema: an operator is not ready where an older one was put back. */
export const SCHEMA_DIGEST_ANNOTATION = 'mcpruntime.org/schema-digest';

/** An object of apiextensions.k8s.io/v1, as JSON. */
export interface CustomResourceDefinition {
  readonly apiVersion: 'apiextensions.k8s.io/v1';
  readonly kind: 'CustomResourceDefinition';
  readonly metadata: {
    readonly name: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly annotations: Readonly<Record<string, string>>;
  };
  readonly spec: CustomResourceDefinitionSpec;
}

interface CustomResourceDefinitionSpec {
  readonly group: string;
  readonly names: object;
  readonly scope: 'Namespaced';
  readonly versions: readonly CustomResourceDefinitionVersion[];
}

interface CustomResourceDefinitionVersion {
  readonly name: string;
  readonly served: true;
  readonly storage: true;
  readonly subresources: { readonly status: object };
  readonly additionalPrinterColumns: readonly object[];
  readonly schema: { readonly openAPIV3Schema: StructuralSchema };
}

function validation({ rule, message, fieldPath, reason }: Rule): object {
  return {
    rule,
    message,
    reason: reason ?? 'FieldValueInvalid',
    ...(fieldPath !== undefined && { fieldPath }),
  };
}

function rootSchema(kind: Kind): StructuralSchema {
  return {
    description: kind.description,
    type: 'object',
    required: ['spec'],
    properties: {
      apiVersion: { description: `Version of the API: ${API_VERSION}.`, type: 'string' },
      kind: { description: `Kind of the object: ${kind.kind}.`, type: 'string' },
      // Kubernetes describes metadata itself and refuses a definition that says more.
      metadata: { type: 'object' },
      spec: {
        ...structuralSchema(kind.spec.describe('What the author wants.'), 'spec'),
        'x-kubernetes-validations': kind.rules.map(validation),
      },
      status: {
        ...structuralSchema(kind.status.describe('What was observed.'), 'status'),
        default: { observedGeneration: -1 },
      },
    },
  };
}

function column({ name, type, jsonPath, description, priority }: PrinterColumn): object {
  return { name, type, jsonPath, description, ...(priority !== undefined && { priority }) };
}

function definitionSpec(kind: Kind): CustomResourceDefinitionSpec {
  const { plural, singular, shortNames } = kind;
  return {
    group: API_GROUP,
    names: {
      kind: kind.kind,
      listKind: `${kind.kind}List`,
      plural,
      singular,
      shortNames,
      categories: [PLATFORM],
    },
    scope: 'Namespaced',
    versions: [
      {
        name: 'v1alpha1',
        served: true,
        storage: true,
        subresources: { status: {} },
        additionalPrinterColumns: kind.printerColumns.map(column),
        schema: { openAPIV3Schema: rootSchema(kind) },
      },
    ],
  };
}

/**
 * The definition of a kind.
 * @param digest of a text, for example `sha256:<hex>`; it is asked for the digest of the whole spec
 */
export function customResourceDefinition(
  kind: Kind,
  digest: (text: string) => string,
): CustomResourceDefinition {
  const spec = definitionSpec(kind);
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: {
      name: `${kind.plural}.${API_GROUP}`,
      labels: { [LABELS.partOf]: PLATFORM },
      annotations: { [SCHEMA_DIGEST_ANNOTATION]: digest(JSON.stringify(spec)) },
    },
    spec,
  };
}
