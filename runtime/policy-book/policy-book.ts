// The policy of every server, compiled from the caches when somebody asks. A server's policy is made of its own grants
// and sessions only, and made again only when one of them has changed: a status that was written changes nothing.
import { MCPServer, type McpServer } from '#api/mcp-server.ts';
import type { OperatorConfig } from '#api/operator-config.ts';
import { parseResource } from '#api/parse.ts';
import { objectKey } from '#api/principal.ts';
import type { Problem, Result } from '#api/result.ts';
import {
  compileMemo,
  compilePolicy,
  type CompiledPolicy,
  type CompileMemo,
  type GrantReport,
  type SessionReport,
  type Tombstone,
} from '#policy/compile.ts';
import type { PolicyInputs } from '#policy/document.ts';
import type { Cache, Indexer } from '#runtime/kube/cache.ts';
import { keyOfText, keyText, type KubeObject } from '#runtime/kube/object.ts';
import { byServerRef, SERVER_REF_INDEX } from './server-ref.ts';

/** Indexes that the caches of grants and sessions need. */
export const GRANT_INDEXERS: Readonly<Record<string, Indexer>> = { [SERVER_REF_INDEX]: byServerRef };
export const SESSION_INDEXERS: Readonly<Record<string, Indexer>> = { [SERVER_REF_INDEX]: byServerRef };

/** Tombstones, as the book reads them. */
export interface TombstoneReader {
  /** Highest resource version that they were read at. */
  readonly resourceVersion: string;
  /** Those that speak of sessions of this name. */
  of(session: { readonly namespace: string; readonly name: string }): readonly Tombstone[];
}

export interface PolicyBookOptions {
  readonly servers: Cache;
  /** With `GRANT_INDEXERS`. */
  readonly grants: Cache;
  /** With `SESSION_INDEXERS`. */
  readonly sessions: Cache;
  readonly tombstones: TombstoneReader;
  readonly config: OperatorConfig;
  /** Raised by a person after the cluster was restored; `MCP_POLICY_EPOCH`. */
  readonly epoch: number;
  /**
   * Servers whose policy is kept once it is made; of all others only the revision is, and whoever asks for more has it
   * made again. For a program with little memory, of which few servers change at a time. @default all
   */
  readonly keeps?: number;
}

/** What is known of a server's policy. Empty where there is no such server. */
export interface ServerPolicy {
  readonly server?: McpServer | undefined;
  /** What is wrong with the server itself, where it can't be read. */
  readonly problems?: readonly Problem[] | undefined;
  readonly compiled?: CompiledPolicy | undefined;
  /** By `namespace/name`; what the compiler says of each object that refers to the server. */
  readonly grants?: ReadonlyMap<string, GrantReport> | undefined;
  readonly sessions?: ReadonlyMap<string, SessionReport> | undefined;
}

type ReadServer = Result<McpServer, readonly Problem[]>;

/** Everything that a policy was made from. */
interface Sources {
  readonly server: KubeObject;
  readonly grants: readonly KubeObject[];
  readonly sessions: readonly KubeObject[];
  readonly tombstones: readonly Tombstone[];
}

interface Entry {
  readonly sources: Sources;
  readonly inputs: PolicyInputs;
  readonly read: ReadServer;
  readonly policy: ServerPolicy;
  /** Of this server: a change of one session of thousands costs one session. */
  readonly memo: CompileMemo;
}

/** What stays known of every server. */
interface Remembered {
  readonly sources: Sources;
  readonly revision: string | undefined;
}

/** Which policy is current, and from which view. */
export interface PolicyPosition {
  readonly revision: string;
  readonly inputs: PolicyInputs;
  readonly epoch: number;
}

/** A generation grows with the spec and with nothing else. */
function isSameSpec(a: KubeObject, b: KubeObject | undefined): boolean {
  if (a === b) return true;
  if (b === undefined || a.metadata.uid !== b.metadata.uid || a.metadata.name !== b.metadata.name)
    return false;
  if (a.metadata.namespace !== b.metadata.namespace) return false;
  return a.metadata.generation === undefined
    ? a.metadata.resourceVersion === b.metadata.resourceVersion
    : a.metadata.generation === b.metadata.generation;
}

function areSameSpecs(a: readonly KubeObject[], b: readonly KubeObject[]): boolean {
  return a.length === b.length && a.every((object, at) => isSameSpec(object, b[at]));
}

function isSameTombstone(a: Tombstone, b: Tombstone | undefined): boolean {
  return a.namespace === b?.namespace && a.name === b.name && a.uid === b.uid && a.until === b.until;
}

function areSame(a: Sources, b: Sources): boolean {
  return (
    isSameSpec(a.server, b.server) &&
    areSameSpecs(a.grants, b.grants) &&
    areSameSpecs(a.sessions, b.sessions) &&
    a.tombstones.length === b.tombstones.length &&
    a.tombstones.every((tombstone, at) => isSameTombstone(tombstone, b.tombstones[at]))
  );
}

function areSameInputs(a: PolicyInputs, b: PolicyInputs): boolean {
  return (
    a.servers === b.servers &&
    a.grants === b.grants &&
    a.sessions === b.sessions &&
    a.tombstones === b.tombstones
  );
}

function byKey<Report extends { readonly namespace: string; readonly name: string }>(
  reports: readonly Report[],
): ReadonlyMap<string, Report> {
  return new Map(reports.map((report) => [objectKey(report), report]));
}

export class PolicyBook {
  private readonly options: PolicyBookOptions;
  /** The one that was asked for last comes last. */
  private readonly entries = new Map<string, Entry>();
  private readonly remembered = new Map<string, Remembered>();

  constructor(options: PolicyBookOptions) {
    this.options = options;
    options.servers.onChange(({ type, object }) => {
      if (type === 'deleted') this.forget(keyText(object.metadata));
    });
  }

  /** @param serverKey `namespace/name` */
  of(serverKey: string): ServerPolicy {
    const server = this.options.servers.get(keyOfText(serverKey));
    if (server === undefined) {
      this.forget(serverKey);
      return {};
    }
    const known = this.entries.get(serverKey);
    const entry = this.refresh(known, this.sourcesOf(serverKey, server));
    this.keep(serverKey, entry);
    return entry.policy;
  }

  /** Which policy a server has now; nothing is made where nothing has changed. @param serverKey `namespace/name` */
  positionOf(serverKey: string): PolicyPosition | undefined {
    const server = this.options.servers.get(keyOfText(serverKey));
    if (server === undefined) return undefined;
    const known = this.remembered.get(serverKey);
    const isCurrent = known !== undefined && areSame(this.sourcesOf(serverKey, server), known.sources);
    const revision = isCurrent ? known.revision : this.of(serverKey).compiled?.document.revision;
    return revision === undefined
      ? undefined
      : { revision, inputs: this.inputs(), epoch: this.options.epoch };
  }

  private keep(serverKey: string, entry: Entry): void {
    const { keeps = Infinity } = this.options;
    const revision = entry.policy.compiled?.document.revision;
    this.remembered.set(serverKey, { sources: entry.sources, revision });
    this.entries.delete(serverKey);
    this.entries.set(serverKey, entry);
    for (const oldest of this.entries.keys()) {
      if (this.entries.size <= keeps) return;
      this.entries.delete(oldest);
    }
  }

  private forget(serverKey: string): void {
    this.entries.delete(serverKey);
    this.remembered.delete(serverKey);
  }

  private sourcesOf(serverKey: string, server: KubeObject): Sources {
    const { grants, sessions, tombstones } = this.options;
    const own = sessions.byIndex(SERVER_REF_INDEX, serverKey);
    return {
      server,
      grants: grants.byIndex(SERVER_REF_INDEX, serverKey),
      sessions: own,
      tombstones: own.flatMap(({ metadata: { namespace = '', name } }) => tombstones.of({ namespace, name })),
    };
  }

  private inputs(): PolicyInputs {
    const { servers, grants, sessions, tombstones } = this.options;
    return {
      servers: servers.resourceVersion,
      grants: grants.resourceVersion,
      sessions: sessions.resourceVersion,
      tombstones: tombstones.resourceVersion,
    };
  }

  private refresh(known: Entry | undefined, sources: Sources): Entry {
    const inputs = this.inputs();
    const { server } = sources;
    const read = known?.sources.server === server ? known.read : parseResource(MCPServer, server);
    const isSameServer = known !== undefined && isSameSpec(server, known.sources.server);
    const memo = isSameServer ? known.memo : compileMemo();
    const entry = { sources, inputs, read, memo };
    if (!read.ok) return { ...entry, policy: { problems: read.error } };
    if (known?.policy.compiled === undefined || !areSame(sources, known.sources)) {
      return { ...entry, policy: this.compile(read.value, entry) };
    }
    if (known.read === read && areSameInputs(inputs, known.inputs)) return known;
    // The same policy, seen from a newer view of the cluster.
    const { compiled } = known.policy;
    const document = { ...compiled.document, inputs };
    return { ...entry, policy: { ...known.policy, server: read.value, compiled: { ...compiled, document } } };
  }

  private compile(server: McpServer, { sources, inputs, memo }: Omit<Entry, 'policy'>): ServerPolicy {
    const { config, epoch } = this.options;
    const { grants, sessions, tombstones } = sources;
    const compiled = compilePolicy({ server, grants, sessions, tombstones, config, inputs, epoch, memo });
    return {
      server,
      compiled,
      grants: byKey(compiled.reports.grants),
      sessions: byKey(compiled.reports.sessions),
    };
  }
}
