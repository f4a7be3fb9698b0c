import { describe, expect, it } from '@jest/globals';
import type { PolicyDocument } from '#policy/document.ts';
import { DocumentLines } from '#runtime/distributor/stream/document-lines.ts';
import { aDocument, markOf } from './build.ts';

function countingForm() {
  const rendered: string[] = [];
  const form = {
    schema: 'mcpruntime.org/policy.v1',
    render: (document: PolicyDocument) => {
      rendered.push(document.revision);
      return document;
    },
  };
  return { form, rendered };
}

describe('documents as lines', () => {
  it('are made once for everybody who gets the same', () => {
    const { form, rendered } = countingForm();
    const lines = new DocumentLines();
    const document = aDocument();
    const line = lines.lineOf(document, form);
    expect(lines.lineOf(document, form)).toBe(line);
    expect(lines.markOf(document, form)).toEqual(markOf(document));
    expect(rendered).toHaveLength(1);
    expect(JSON.parse(line.toString())).toEqual({ document });
    expect(line.toString().indexOf('\n')).toBe(line.length - 1);
  });

  it('are others for another view, and another schema', () => {
    const { form } = countingForm();
    const lines = new DocumentLines();
    const line = lines.lineOf(aDocument(), form);
    expect(lines.lineOf(aDocument('alice', { grants: '200' }), form)).not.toEqual(line);
    const older = { schema: 'older', render: () => ({ ...markOf(aDocument()), revision: 'sha256:0' }) };
    expect(lines.lineOf(aDocument(), older).toString()).toContain('sha256:0');
  });

  it('are forgotten, the oldest first, past so many bytes', () => {
    const { form } = countingForm();
    const [a, b] = [aDocument('alice'), aDocument('bob')];
    const lines = new DocumentLines(3_000);
    const line = lines.lineOf(a, form);
    expect(line.length).toBeGreaterThan(1_000);
    lines.lineOf(b, form);
    lines.lineOf(aDocument('carol'), form);
    expect(lines.lineOf(a, form)).not.toBe(line);
    expect(lines.lineOf(a, form)).toEqual(line);
  });
});
