import { describe, expect, it } from '@jest/globals';
import { maxNotes, Notebook } from '#examples/quickstart/servers/notebook.ts';

describe('a notebook', () => {
  it('begins with the same three notes each time', () => {
    expect(new Notebook().list()).toEqual(new Notebook().list());
    expect(new Notebook().list().map(({ id }) => id)).toEqual(['note-1', 'note-2', 'note-3']);
  });

  it('never gives an id twice, even after a deletion', () => {
    const notebook = new Notebook();
    notebook.delete('note-3');
    expect(notebook.add('Next', '')?.id).toBe('note-4');
  });

  it('refuses more notes than it may hold, until it is purged', () => {
    const notebook = new Notebook();
    while (notebook.add('More', '') !== undefined);
    expect(notebook.list()).toHaveLength(maxNotes);
    expect(notebook.purge()).toBe(maxNotes);
    expect(notebook.add('Again', '')?.title).toBe('Again');
  });

  it('says whether there was a note to delete', () => {
    const notebook = new Notebook();
    expect(notebook.delete('note-1')).toBe(true);
    expect(notebook.delete('note-1')).toBe(false);
    expect(notebook.read('note-1')).toBeUndefined();
  });
});
