// Documents as lines of a stream, made once for all streams that get the same. Only so many bytes are remembered: most
// documents are sent to every proxy of a server within a moment, and never again.
import type { PolicyMark } from '#api/distributor-api.ts';
import type { PolicyDocument } from '#policy/document.ts';
import type { DocumentForm, Rendered } from './document-forms.ts';

const REMEMBERED_BYTES = 8 * 1024 ** 2;

export class DocumentLines {
  private readonly maxBytes: number;
  private readonly known = new Map<string, Buffer>();
  private readonly rendered = new WeakMap<DocumentForm, WeakMap<PolicyDocument, Rendered>>();
  private bytes = 0;

  constructor(maxBytes: number = REMEMBERED_BYTES) {
    this.maxBytes = maxBytes;
  }

  markOf(document: PolicyDocument, form: DocumentForm): PolicyMark {
    const { inputs, epoch } = document;
    return { revision: this.render(document, form).revision, inputs, epoch };
  }

  lineOf(document: PolicyDocument, form: DocumentForm): Buffer {
    const key = `${form.schema} ${JSON.stringify(this.markOf(document, form))}`;
    const known = this.known.get(key);
    if (known !== undefined) return known;
    const line = Buffer.from(`${JSON.stringify({ document: this.render(document, form) })}\n`);
    this.remember(key, line);
    return line;
  }

  private render(document: PolicyDocument, form: DocumentForm): Rendered {
    const ofForm = this.rendered.get(form) ?? new WeakMap<PolicyDocument, Rendered>();
    this.rendered.set(form, ofForm);
    const rendered = ofForm.get(document) ?? form.render(document);
    ofForm.set(document, rendered);
    return rendered;
  }

  private remember(key: string, made: Buffer): void {
    this.known.set(key, made);
    this.bytes += made.length;
    for (const [oldest, line] of this.known) {
      if (this.bytes <= this.maxBytes) return;
      this.known.delete(oldest);
      this.bytes -= line.length;
    }
  }
}
