// The notes themselves, in memory: what the server offers to its tools. It knows nothing of MCP, keeps
// nothing on disk, reads no clock and counts its ids, so that every run begins with the same three notes.

/** Most notes a notebook holds; a full one refuses more instead of forgetting old ones. */
export const maxNotes = 1_000;

export interface Note {
  readonly id: string;
  readonly title: string;
  readonly body: string;
}

const firstNotes: readonly Omit<Note, 'id'>[] = [
  { title: 'Welcome', body: 'Every call that reads this note has passed a proxy.' },
  { title: 'Trust', body: 'Reading asks for low trust, writing for medium, deleting for high.' },
  { title: 'Groceries', body: 'Oats, apples, coffee.' },
];

export class Notebook {
  readonly #notes = new Map<string, Note>();
  #lastId = 0;

  constructor() {
    for (const { title, body } of firstNotes) this.add(title, body);
  }

  list(): readonly Note[] {
    return [...this.#notes.values()];
  }

  read(id: string): Note | undefined {
    return this.#notes.get(id);
  }

  /** Undefined where the notebook is full. */
  add(title: string, body: string): Note | undefined {
    if (this.#notes.size >= maxNotes) return undefined;
    this.#lastId += 1;
    const note = { id: `note-${this.#lastId}`, title, body };
    this.#notes.set(note.id, note);
    return note;
  }

  /** False where there was no such note. */
  delete(id: string): boolean {
    return this.#notes.delete(id);
  }

  /** Deletes every note and tells how many there were. */
  purge(): number {
    const count = this.#notes.size;
    this.#notes.clear();
    return count;
  }
}
