// The desired state: the program's objects as they stand now, and the policy compiled from them. It plays the part of
// API server and operator for one laptop; what it accepts is on disk before anybody is told.
import type { Clock } from '#runtime/process/clock.ts';
import { objectKey, type ObjectRef } from '#api/principal.ts';
import { err, ok, type Result } from '#api/result.ts';
import { writeManifests } from './manifests.ts';
import { checkStep, isSameRef, readModel, refOf, serverOf, type Model } from './model.ts';
import { ObjectBook } from './object-book.ts';
import { compilePolicies, writePolicy, type CompiledServer } from './policies.ts';
import type { SessionStatus } from './platform-status.ts';
import { Revocations } from './revocations.ts';
import { sessionStatus } from './sessions.ts';
import type { StateDir } from './state-dir.ts';
import type { Synthesis } from './synthesis.ts';
import type { Trouble } from './trouble.ts';

const empty: Model = { servers: [], grants: [], sessions: [] };

export interface CatalogueOptions {
  readonly dir: StateDir;
  readonly program: string;
  readonly clock: Clock;
}

export class Catalogue {
  private readonly options: CatalogueOptions;
  private readonly book: ObjectBook;
  private readonly revocations: Revocations;
  private current: Model = empty;
  private compiled: readonly CompiledServer[] = [];
  private manifests = 0;

  /** Throws `TroubleError` where the state folder holds a damaged file. */
  constructor(options: CatalogueOptions) {
    this.options = options;
    this.book = new ObjectBook(options.dir.objects);
    this.revocations = new Revocations(options.dir.revocations);
  }

  get model(): Model {
    return this.current;
  }

  get manifestCount(): number {
    return this.manifests;
  }

  get policies(): readonly CompiledServer[] {
    return this.compiled;
  }

  policyOf(server: ObjectRef): CompiledServer | undefined {
    return this.compiled.find(({ ref }) => isSameRef(ref, server));
  }

  sessions(): readonly SessionStatus[] {
    const nowMs = this.options.clock.nowMs();
    return this.current.sessions.map((session) => {
      const inPolicy = this.policyOf(serverOf(session))?.document.sessions.find((candidate) =>
        isSameRef(candidate, refOf(session)),
      );
      return sessionStatus(session, inPolicy?.expiresAt, this.revocations, nowMs);
    });
  }

  /**
   * Takes over what a program came to. Nothing of it counts where any object is refused.
   * @returns what changed, a phrase each
   */
  async take(synthesis: Synthesis): Promise<Result<readonly string[], Trouble>> {
    const { program, dir, clock } = this.options;
    const read = readModel(program, synthesis);
    if (!read.ok) return read;
    const refused = checkStep(program, this.current, read.value);
    if (refused !== undefined) return err(refused);
    const revoked = read.value.sessions.filter(({ spec }) => spec.revoked === true).map(refOf);
    await this.revocations.add(revoked, 'program', clock.nowMs());
    await this.book.register(synthesis.objects, clock.nowMs());
    await writeManifests(dir.manifests, synthesis.manifests);
    this.manifests = synthesis.objects.length;
    this.current = this.observed(read.value);
    return ok(await this.compile());
  }

  /** Ends a session for good. @returns when it was revoked, or that there is no such session */
  async revoke(session: ObjectRef): Promise<Result<string, Trouble>> {
    const known = this.current.sessions.find((candidate) => isSameRef(refOf(candidate), session));
    if (known === undefined) return err(this.unknownSession(session));
    if (this.revocations.find(session) === undefined) {
      await this.revocations.add([session], 'control', this.options.clock.nowMs());
      await this.book.bump();
      this.current = this.observed(this.current);
      await this.compile();
    }
    return ok(this.revocations.find(session)?.revokedAt ?? '');
  }

  /** The objects with what an API server would know of them. */
  private observed(model: Model): Model {
    const metadataOf = <T extends Model[keyof Model][number]>(kind: string, object: T): T => {
      const seen = this.book.find({ kind, metadata: object.metadata });
      if (seen === undefined) return object;
      const { createdAt: creationTimestamp, resourceVersion } = seen;
      const { namespace } = refOf(object);
      return { ...object, metadata: { ...object.metadata, namespace, creationTimestamp, resourceVersion } };
    };
    return {
      servers: model.servers.map((server) => metadataOf('MCPServer', server)),
      grants: model.grants.map((grant) => metadataOf('MCPAccessGrant', grant)),
      sessions: model.sessions.map((session) => {
        const revoked = this.revocations.find(refOf(session)) !== undefined;
        const seen = metadataOf('MCPAgentSession', session);
        return revoked ? { ...seen, spec: { ...seen.spec, revoked: true } } : seen;
      }),
    };
  }

  private async compile(): Promise<readonly string[]> {
    const before = this.compiled;
    this.compiled = compilePolicies(this.options.program, this.current, this.book.version);
    const changes: string[] = [];
    for (const { ref, document } of this.compiled) {
      await writePolicy(this.options.dir.server(ref.namespace, ref.name).policy, document);
      const known = before.find((candidate) => isSameRef(candidate.ref, ref))?.document.revision;
      if (known !== undefined && known !== document.revision)
        changes.push(`policy of ${objectKey(ref)} changed`);
    }
    return changes;
  }

  private unknownSession(session: ObjectRef): Trouble {
    const names = this.current.sessions.map((known) => objectKey(refOf(known)));
    return {
      code: 'session_unknown',
      what: `There is no session ${objectKey(session)}.`,
      where: this.options.program,
      remedy: names.length === 0 ? 'The program describes none.' : `Use one of: ${names.join(', ')}.`,
    };
  }
}
