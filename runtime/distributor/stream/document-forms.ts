// A policy as each of the schemas that are served says it: the newest, which the compiler makes, and at most the two
// before it, for proxies of earlier versions that are still running. A form has a revision of its own, because it has
// other content; what a proxy enforces is translated back where the operator is told.
import { POLICY_SCHEMA, type PolicyDocument } from '#policy/document.ts';

/** A document in some schema: whatever its content, it has these. */
export type Rendered = Pick<PolicyDocument, 'revision' | 'inputs' | 'epoch'>;

export interface DocumentForm {
  readonly schema: string;
  /** The document in this schema; absent for the newest one. */
  readonly toOlder?: (document: PolicyDocument) => Rendered;
}

/** Newest first. A schema that replaces v1 puts itself before it, and v1 gets a function that translates back. */
export const DOCUMENT_FORMS: readonly DocumentForm[] = [{ schema: POLICY_SCHEMA }];

/** The newest form that a proxy reads; undefined where it reads none. */
export function formFor(
  schemas: readonly string[],
  forms: readonly DocumentForm[] = DOCUMENT_FORMS,
): DocumentForm | undefined {
  return forms.find(({ schema }) => schemas.includes(schema));
}
