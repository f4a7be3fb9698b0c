// What a kind is: the schema that its types, defaults, CRD and validation come from.
import type { z } from 'zod';

export const API_GROUP = 'mcpruntime.org';
export const API_VERSION = 'mcpruntime.org/v1alpha1';

/**
 * A rule that one object can decide, written once as CEL: the API server evaluates it, and constructs evaluate the
 * same text. `self` is the spec. Rules about changes also read `oldSelf`, the spec before.
 */
export interface Rule {
  readonly rule: string;
  readonly message: string;
  /** Field that the message is about, below spec: `.gateway.port`. */
  readonly fieldPath?: string;
  /** What clients are told beside the message. @default FieldValueInvalid */
  readonly reason?: 'FieldValueInvalid' | 'FieldValueRequired' | 'FieldValueForbidden';
}

/** A column of `kubectl get`. */
export interface PrinterColumn {
  readonly name: string;
  readonly type: 'string' | 'boolean' | 'integer' | 'date';
  readonly jsonPath: string;
  readonly description: string;
  /** Columns of priority 1 are shown by `-o wide` only. @default 0 */
  readonly priority?: 0 | 1;
}

/** One of our custom resources. All are namespaced and have a status subresource. */
export interface Kind<Spec extends z.ZodObject = z.ZodObject, Status extends z.ZodObject = z.ZodObject> {
  readonly kind: string;
  readonly plural: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly description: string;
  /** What `metadata.name` may be; a server's is also the name of its Service. */
  readonly name: z.ZodString;
  readonly spec: Spec;
  readonly status: Status;
  readonly rules: readonly Rule[];
  readonly printerColumns: readonly PrinterColumn[];
}

/** Keeps the exact schema types of a kind. */
export function defineKind<Spec extends z.ZodObject, Status extends z.ZodObject>(
  kind: Kind<Spec, Status>,
): Kind<Spec, Status> {
  return kind;
}

/** The metadata that we read of any object. */
export interface Metadata {
  readonly name: string;
  readonly namespace?: string | undefined;
  readonly uid?: string | undefined;
  readonly generation?: number | undefined;
  readonly resourceVersion?: string | undefined;
  readonly creationTimestamp?: string | undefined;
  readonly deletionTimestamp?: string | undefined;
  readonly labels?: Readonly<Record<string, string>> | undefined;
  readonly annotations?: Readonly<Record<string, string>> | undefined;
}

/** An object of a kind, its spec defaulted. */
export interface Resource<K extends Kind> {
  readonly metadata: Metadata;
  readonly spec: z.output<K['spec']>;
  readonly status?: z.output<K['status']> | undefined;
}
