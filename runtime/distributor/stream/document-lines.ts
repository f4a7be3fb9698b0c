// Documents as lines of a stream, made once for all streams that get the same. Only so many bytes are remembered: most
// documents are sent to every proxy of a server within a moment, and never again.
import type { PolicyMark } from '#api/distributor-api.ts';
import type { PolicyDocument } from '#policy/document.ts';
import type { DocumentForm } from './document-forms.ts';

/** The policy of a server as it is now. */
export interface CurrentPolicy {
  /** In the newest schema. */
  readonly mark: PolicyMark;
  /** Made again where nobody kept it; undefined where there is none any more. */
  document(): PolicyDocument | undefined;
}

export interface DocumentLine {
  readonly line: Buffer;
  /** As the line has it. */
  readonly mark: PolicyMark;
  /** The revision of the same in the newest schema. */
  readonly revision: string;
}

const REMEMBERED_BYTES = 256 * 1024;
const REMEMBERED_REVISIONS = 10_000;

export class DocumentLines {
  private readonly maxBytes: number;
  private readonly known = new Map<string, DocumentLine>();
  /** Revisions of older forms, by the newest one's; these don't depend on the view. */
  private readonly revisions = new Map<string, string>();
  private bytes = 0;

  constructor(maxBytes: number = REMEMBERED_BYTES) {
    this.maxBytes = maxBytes;
  }

  /** What a proxy of this form would say that it enforces. */
  markOf(policy: CurrentPolicy, form: DocumentForm): PolicyMark | undefined {
    if (form.toOlder === undefined) return policy.mark;
    const known = this.revisions.get(`${form.schema} ${policy.mark.revision}`);
    return known === undefined ? this.lineOf(policy, form)?.mark : { ...policy.mark, revision: known };
  }

  lineOf(policy: CurrentPolicy, form: DocumentForm): DocumentLine | undefined {
    const known = this.known.get(keyOf(policy.mark, form));
    if (known !== undefined) return known;
    const document = policy.document();
    if (document === undefined) return undefined;
    const rendered = form.toOlder?.(document) ?? document;
    const { revision, inputs, epoch } = document;
    const mark = { revision: rendered.revision, inputs, epoch };
    const made = { line: Buffer.from(`${JSON.stringify({ document: rendered })}\n`), mark, revision };
    if (form.toOlder !== undefined) this.rememberRevision(`${form.schema} ${revision}`, mark.revision);
    this.remember(keyOf({ revision, inputs, epoch }, form), made);
    return made;
  }

  private remember(key: string, made: DocumentLine): void {
    this.known.set(key, made);
    this.bytes += made.line.length;
    for (const [oldest, { line }] of this.known) {
      if (this.bytes <= this.maxBytes) return;
      this.known.delete(oldest);
      this.bytes -= line.length;
    }
  }

  private rememberRevision(key: string, revision: string): void {
    if (this.revisions.size >= REMEMBERED_REVISIONS) this.revisions.clear();
    this.revisions.set(key, revision);
  }
}

function keyOf({ revision, inputs, epoch }: PolicyMark, { schema }: DocumentForm): string {
  const { servers, grants, sessions, tombstones } = inputs;
  return [schema, revision, servers, grants, sessions, tombstones, epoch].join(' ');
}
