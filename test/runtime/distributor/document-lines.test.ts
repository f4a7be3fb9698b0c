import { describe, expect, it } from '@jest/globals';
import type { DocumentForm } from '#runtime/distributor/stream/document-forms.ts';
import { DocumentLines } from '#runtime/distributor/stream/document-lines.ts';
import { aDocument, currentPolicy, markOf } from './build.ts';

const NEWEST: DocumentForm = { schema: 'mcpruntime.org/policy.v1' };

describe('documents as lines', () => {
  it('are made once for everybody who gets the same', () => {
    const lines = new DocumentLines();
    const document = aDocument();
    const made = lines.lineOf(currentPolicy(document), NEWEST);
    expect(lines.lineOf(currentPolicy(aDocument()), NEWEST)).toBe(made);
    expect(made?.mark).toEqual(markOf(document));
    const text = made?.line.toString('utf8') ?? '';
    expect(JSON.parse(text)).toEqual({ document });
    expect(text.indexOf('\n')).toBe(text.length - 1);
  });

  it('are others for another view, and another schema', () => {
    const lines = new DocumentLines();
    const made = lines.lineOf(currentPolicy(aDocument()), NEWEST);
    expect(lines.lineOf(currentPolicy(aDocument('alice', { grants: '200' })), NEWEST)).not.toEqual(made);
    const older = { schema: 'older', toOlder: () => ({ ...markOf(aDocument()), revision: 'sha256:0' }) };
    expect(lines.lineOf(currentPolicy(aDocument()), older)?.mark.revision).toBe('sha256:0');
    const newerView = currentPolicy(aDocument('alice', { grants: '200' }));
    expect(lines.markOf(newerView, older)).toEqual({ ...newerView.mark, revision: 'sha256:0' });
  });

  it('are of what is there by now, where the policy has changed since it was told of', () => {
    const [told, there] = [aDocument('alice'), aDocument('bob', { grants: '200' })];
    const made = new DocumentLines().lineOf({ mark: markOf(told), document: () => there }, NEWEST);
    expect(made).toMatchObject({ mark: markOf(there), revision: there.revision });
  });

  it('are none where the policy has gone', () => {
    const gone = { mark: markOf(aDocument()), document: () => undefined };
    expect(new DocumentLines().lineOf(gone, NEWEST)).toBeUndefined();
  });

  it('are forgotten, the oldest first, past so many bytes', () => {
    const lines = new DocumentLines(3_000);
    const a = currentPolicy(aDocument('alice'));
    const made = lines.lineOf(a, NEWEST);
    expect(made?.line.length).toBeGreaterThan(1_000);
    for (const who of ['bob', 'carol']) lines.lineOf(currentPolicy(aDocument(who)), NEWEST);
    expect(lines.lineOf(a, NEWEST)).not.toBe(made);
    expect(lines.lineOf(a, NEWEST)).toEqual(made);
  });
});
