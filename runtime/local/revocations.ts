// What was revoked stays revoked: across edits of the program, restarts, and the removal of the session itself.
// There is no way to take a revocation back; whoever wants access again makes a session with another name.
import { z } from 'zod';
import { objectKey, type ObjectRef } from '#api/principal.ts';
import { readJson, writeJson } from './state-dir.ts';

const revocation = z.object({
  namespace: z.string().min(1),
  name: z.string().min(1),
  revokedAt: z.iso.datetime({ precision: null }),
  /** Who said so first. */
  by: z.enum(['control', 'program']),
});

const fileSchema = z.array(revocation);

export type Revocation = z.output<typeof revocation>;

export class Revocations {
  private readonly file: string;
  private readonly known: Map<string, Revocation>;

  /** Throws `TroubleError` where the file is damaged: access must not come back because a file was lost. */
  constructor(file: string) {
    this.file = file;
    this.known = new Map((readJson(file, fileSchema) ?? []).map((entry) => [objectKey(entry), entry]));
  }

  find(session: ObjectRef): Revocation | undefined {
    return this.known.get(objectKey(session));
  }

  /** Records revocations; resolves once they are on disk. Those that are known keep their first date. */
  async add(sessions: readonly ObjectRef[], by: Revocation['by'], nowMs: number): Promise<void> {
    const added = sessions.filter((session) => this.find(session) === undefined);
    if (added.length === 0) return;
    const revokedAt = new Date(nowMs).toISOString();
    for (const { namespace, name } of added) {
      this.known.set(objectKey({ namespace, name }), { namespace, name, revokedAt, by });
    }
    await writeJson(this.file, [...this.known.values()]);
  }
}
