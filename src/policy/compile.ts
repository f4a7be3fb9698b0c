// From a server, its grants and sessions to the one document that its proxies enforce. Pure and without a clock: any
// replica makes the same bytes from the same objects, in whatever order it read them. Bad objects are reported and
// never stop the others.
import type { McpServer } from '#api/mcp-server.ts';
import type { OperatorConfig } from '#api/operator-config.ts';
import { objectKey } from '#api/principal.ts';
import { resolve } from '#api/resolve.ts';
import { resolveRate, type ResolvedGateway } from '#api/resolve-gateway.ts';
import { riskLevelOf } from '#api/side-effect.ts';
import { compareRefs } from './allow-order.ts';
import { duplicateKeys, identify, serverRefOf, type RawObject } from './binding.ts';
import {
  POLICY_SCHEMA,
  sealPolicy,
  type PolicyContent,
  type PolicyDocument,
  type PolicyFeature,
  type PolicyInputs,
  type PolicyTool,
} from './document.ts';
import { foldGrants } from './fold.ts';
import { grantTerms, type GrantReport, type GrantTerms } from './grant-terms.ts';
import { sessionTerms, type SessionReport, type SessionTerms, type Tombstone } from './session-terms.ts';

export type { GrantReport } from './grant-terms.ts';
export type { SessionReport, Tombstone } from './session-terms.ts';

/**
 * What single objects were found to say for one server, by the object itself: for whoever compiles again and again from
 * objects that never change in place. Has to be replaced with the server or the configuration.
 */
export interface CompileMemo {
  readonly identities: WeakMap<object, RawObject>;
  readonly grants: WeakMap<object, GrantTerms>;
  readonly sessions: WeakMap<object, SessionTerms>;
}

export function compileMemo(): CompileMemo {
  return { identities: new WeakMap(), grants: new WeakMap(), sessions: new WeakMap() };
}

export interface CompileInput {
  readonly server: McpServer;
  /** Objects as the API server or the synthesised program has them; those about other servers are left out. */
  readonly grants: readonly unknown[];
  readonly sessions: readonly unknown[];
  readonly tombstones: readonly Tombstone[];
  readonly config: OperatorConfig;
  /** Highest resource version of each cache that the objects come from. */
  readonly inputs: PolicyInputs;
  readonly epoch: number;
  /** Of this server, as it is. */
  readonly memo?: CompileMemo | undefined;
}

export interface CompiledPolicy {
  readonly document: PolicyDocument;
  /** One for each object that was given, in the order of namespace and name. */
  readonly reports: {
    readonly grants: readonly GrantReport[];
    readonly sessions: readonly SessionReport[];
  };
}

/** The gateway's settings, as they would be if it were on: the policy of a server doesn't wait for its proxy. */
function gatewayOf(server: McpServer, config: OperatorConfig): ResolvedGateway {
  const gateway = { port: 8091, ...server.spec.gateway, enabled: true };
  const resolved = resolve({ ...server, spec: { ...server.spec, gateway } }, config);
  if (resolved.gateway === undefined) throw new Error('a gateway that is on resolves to no gateway');
  return resolved.gateway;
}

function toolsOf(server: McpServer): PolicyTool[] {
  const tools = (server.spec.tools ?? []).map((tool) => ({
    name: tool.name,
    requiredTrust: tool.requiredTrust,
    ...(tool.sideEffect !== undefined && { sideEffect: tool.sideEffect }),
    riskLevel: riskLevelOf(tool),
    ...(tool.rate !== undefined && { rate: resolveRate(tool.rate) }),
  }));
  return tools.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

function authOf({ auth }: ResolvedGateway): PolicyContent['auth'] {
  const { issuerUrl, audience, trustDomain } = auth;
  return {
    mode: auth.mode,
    humanHeader: auth.humanHeader,
    agentHeader: auth.agentHeader,
    teamHeader: auth.teamHeader,
    sessionHeader: auth.sessionHeader,
    tokenHeader: auth.tokenHeader,
    ...(issuerUrl !== undefined && { issuerUrl }),
    ...(audience !== undefined && { audience }),
    ...(trustDomain !== undefined && { trustDomain }),
    emptySubjectMatchesAsserted: auth.emptySubjectMatchesAsserted,
  };
}

/** Whole seconds that JSON carries without loss; a longer duration than this is as good as forever. */
const bounded = (seconds: number) => Math.min(seconds, Number.MAX_SAFE_INTEGER);

type ServerContent = Omit<PolicyContent, 'subjects' | 'deniedToAll' | 'sessions'>;

function auditOf({ audit }: ResolvedGateway): PolicyContent['audit'] {
  return {
    durability: audit.durability,
    ...(audit.arguments !== 'none' && { arguments: audit.arguments }),
    ...(audit.redact.length > 0 && { redact: [...audit.redact] }),
  };
}

/**
 * What a proxy must know to enforce a server's settings. One that doesn't can't let anything through: it would pass what
 * a rate forbids, and record what nobody may read.
 */
function featuresOf({ policy, audit }: ResolvedGateway, tools: readonly PolicyTool[]): PolicyFeature[] {
  const isRated = policy.subjectRate !== undefined || tools.some(({ rate }) => rate !== undefined);
  return [
    ...(isRated ? ['rates' as const] : []),
    ...(audit.arguments === 'digest' ? ['arguments-digest' as const] : []),
    ...(audit.redact.length > 0 ? ['redaction' as const] : []),
  ];
}

function serverContent(server: McpServer, gateway: ResolvedGateway, config: OperatorConfig): ServerContent {
  const { teamID } = server.spec;
  const { subjectRate, maxStalenessSeconds, ...policy } = gateway.policy;
  const tools = toolsOf(server);
  return {
    schema: POLICY_SCHEMA,
    requires: featuresOf(gateway, tools),
    server: { ...serverRefOf(server), ...(teamID && { teamId: teamID }), cluster: config.clusterName },
    auth: authOf(gateway),
    policy: { ...policy, maxStalenessSeconds: bounded(maxStalenessSeconds) },
    session: {
      required: gateway.session.required,
      idleTimeoutSeconds: bounded(gateway.session.idleTimeoutSeconds),
    },
    audit: auditOf(gateway),
    ...(subjectRate !== undefined && { limits: { subjectRate } }),
    tools,
  };
}

/** The value of an object, made once. */
function once<Value>(memo: WeakMap<object, Value> | undefined, raw: unknown, make: () => Value): Value {
  if (memo === undefined || typeof raw !== 'object' || raw === null) return make();
  const known = memo.get(raw);
  if (known !== undefined) return known;
  const made = make();
  memo.set(raw, made);
  return made;
}

function identifyAll(objects: readonly unknown[], memo: CompileMemo | undefined): readonly RawObject[] {
  return objects
    .map((raw) => once(memo?.identities, raw, () => identify(raw)))
    .sort((a, b) => compareRefs(a.ref, b.ref));
}

function byKey(tombstones: readonly Tombstone[]): ReadonlyMap<string, readonly Tombstone[]> {
  const found = new Map<string, Tombstone[]>();
  for (const tombstone of tombstones) {
    const key = objectKey(tombstone);
    found.set(key, [...(found.get(key) ?? []), tombstone]);
  }
  return found;
}

/** Compiles the policy of a server. */
export function compilePolicy(input: CompileInput): CompiledPolicy {
  const { server, config, memo } = input;
  const gateway = gatewayOf(server, config);
  const content = serverContent(server, gateway, config);

  const grantObjects = identifyAll(input.grants, memo);
  const duplicateGrants = duplicateKeys(grantObjects);
  const grants = grantObjects.map((object) => {
    const memoOf = duplicateGrants.has(objectKey(object.ref)) ? undefined : memo?.grants;
    return once(memoOf, object.raw, () => grantTerms(object, server, duplicateGrants));
  });

  const sessionObjects = identifyAll(input.sessions, memo);
  const context = {
    server,
    maxLifetimeSeconds: gateway.session.maxLifetimeSeconds,
    duplicates: duplicateKeys(sessionObjects),
    tombstones: byKey(input.tombstones),
  };
  const sessions = sessionObjects.map((object) => {
    const key = objectKey(object.ref);
    // What others of its name say of a session isn't in the object.
    const isAlone = !context.duplicates.has(key) && !context.tombstones.has(key);
    return once(isAlone ? memo?.sessions : undefined, object.raw, () => sessionTerms(object, context));
  });

  const document = sealPolicy(
    {
      ...content,
      ...foldGrants(grants, content.tools),
      sessions: sessions.flatMap(({ session }) => session ?? []),
    },
    input.inputs,
    input.epoch,
  );
  const reports = {
    grants: grants.map(({ report }) => report),
    sessions: sessions.map(({ report }) => report),
  };
  return { document, reports };
}
