// The contract between whoever compiles policy (operator, local platform) and whoever enforces it (proxy): one
// self-contained document per server. Grants are already folded, one record per subject, so that a lookup costs the
// same however many grants name one team. It holds no secret and no argument of any call.
import { z } from 'zod';
import { RISK_LEVELS, SIDE_EFFECTS } from '#api/side-effect.ts';
import { TRUST_LEVELS } from '#api/trust.ts';
import { err, ok, type Problem, type Result } from '#api/result.ts';
import { canonicalDigest } from './canonical-json.ts';
import { documentProblems } from './document-problems.ts';

export const POLICY_SCHEMA = 'mcpruntime.org/policy.v1';

/** Features that an entry or a whole document may require. */
export type PolicyFeature = 'conditions' | 'rates' | 'arguments-digest' | 'redaction';

/** Those that a proxy of this version has; it refuses what depends on another one. */
export const POLICY_FEATURES: readonly PolicyFeature[] = [
  'conditions',
  'rates',
  'arguments-digest',
  'redaction',
];

const ref = z.object({ namespace: z.string(), name: z.string() });
const trust = z.enum(TRUST_LEVELS);
const sideEffect = z.enum(SIDE_EFFECTS);
const requires = z.array(z.string()).optional();
const resourceVersion = z.string().regex(/^\d{1,20}$/);
const instant = z.iso.datetime({ precision: null });

const subject = z.object({
  human: z.string().optional(),
  agent: z.string().optional(),
  team: z.string().optional(),
  /** Matches callers that nobody identified, and nobody else. */
  anonymous: z.literal(true).optional(),
});

/** A way to be allowed: everything in it has to hold by itself; entries are never combined. */
const allow = z.object({
  grant: ref,
  maxTrust: trust,
  /** Trust that the rule asks for on top of the tool's own. */
  requiredTrust: trust,
  sideEffects: z.array(sideEffect),
  /** CEL over `args`, `subject`, `tool`; absent means always. */
  condition: z.string().optional(),
  requires,
});

const deny = z.object({ grant: ref, condition: z.string().optional(), requires });

const toolRule = z.object({ tool: z.string(), deny: z.array(deny), allow: z.array(allow) });

const subjectRecord = z.object({
  subject,
  /** Grants that name tools. */
  rules: z.array(toolRule),
  /** Grants without rules: they cover every declared tool whose side effect they allow. */
  covers: z.array(allow),
});

const session = z.object({
  namespace: z.string(),
  name: z.string(),
  subject,
  consentedTrust: trust,
  revoked: z.boolean(),
  /** The earlier of the session's own expiry and its creation plus the server's maximum lifetime. */
  expiresAt: instant.optional(),
});

const rate = z.object({
  perMinute: z.number().int().positive(),
  /** What may come at once. */
  burst: z.number().int().positive(),
});

const tool = z.object({
  name: z.string(),
  requiredTrust: trust,
  /** Absent: not declared, so the tool can't be called. */
  sideEffect: sideEffect.optional(),
  riskLevel: z.enum(RISK_LEVELS),
  /** Calls of the tool by one caller. Absent: as many as requests. */
  rate: rate.optional(),
});

const auth = z.object({
  mode: z.enum(['none', 'header', 'oauth', 'mtls']),
  humanHeader: z.string(),
  agentHeader: z.string(),
  teamHeader: z.string(),
  sessionHeader: z.string(),
  tokenHeader: z.string(),
  issuerUrl: z.string().optional(),
  audience: z.string().optional(),
  trustDomain: z.string().optional(),
  /** Whether a grant with an empty subject also means callers that only assert who they are. */
  emptySubjectMatchesAsserted: z.boolean(),
});

const content = z.object({
  schema: z.literal(POLICY_SCHEMA),
  /** Features that the whole document depends on. */
  requires: z.array(z.string()),
  server: ref.extend({ teamId: z.string().optional(), cluster: z.string().optional() }),
  auth,
  policy: z.object({
    mode: z.enum(['allow-list', 'observe']),
    defaultDecision: z.enum(['allow', 'deny']),
    version: z.string(),
    maxStalenessSeconds: z.number().int().positive(),
  }),
  session: z.object({ required: z.boolean(), idleTimeoutSeconds: z.number().int().positive() }),
  audit: z.object({
    /** `by-effect`: strict for destructive tools, batched for all others. */
    durability: z.enum(['by-effect', 'batched', 'strict']),
    /** Absent: none. */
    arguments: z.enum(['none', 'digest']).optional(),
    /** Fields of events that may not be recorded as they are (`REDACTABLE_FIELDS`). Absent: none. */
    redact: z.array(z.string()).optional(),
  }),
  limits: z
    .object({
      /** Requests of one caller. Absent: what the proxy takes of anybody. */
      subjectRate: rate.optional(),
    })
    .optional(),
  tools: z.array(tool),
  subjects: z.array(subjectRecord),
  /** Denies of invalid grants whose subject can't be read: they hold for everybody. */
  deniedToAll: z.array(z.object({ tool: z.string(), grant: ref })),
  sessions: z.array(session),
});

const inputs = z.object({
  servers: resourceVersion,
  grants: resourceVersion,
  sessions: resourceVersion,
  tombstones: resourceVersion,
});

export const policyDocument = content.extend({
  /** `sha256:<hex>` of everything but `inputs`, `epoch` and itself, of what the reader doesn't know too. */
  revision: z.string().regex(/^sha256:[0-9a-f]{64}$/),
  /** Highest resource version of each cache that the document was made from. */
  inputs,
  /** Grows when a cluster is restored and resource versions start again. */
  epoch: z.number().int().nonnegative(),
});

export type PolicyContent = z.output<typeof content>;
export type PolicyInputs = z.output<typeof inputs>;
export type PolicyInputName = keyof PolicyInputs;
export type PolicyDocument = z.output<typeof policyDocument>;
export type PolicySubject = z.output<typeof subject>;
export type PolicyAllow = z.output<typeof allow>;
export type PolicyDeny = z.output<typeof deny>;
export type PolicyToolRule = z.output<typeof toolRule>;
export type PolicySubjectRecord = z.output<typeof subjectRecord>;
export type PolicySession = z.output<typeof session>;
export type PolicyTool = z.output<typeof tool>;
export type PolicyRate = z.output<typeof rate>;

/** Members that say where a document stands, and not what it says. */
const PLACE = new Set(['revision', 'inputs', 'epoch']);

/** The revision of a content: `sha256:<hex>`, independent of member order and of `inputs` and `epoch`. */
export function revisionOf(document: object): string {
  const members = Object.entries(document).filter(([name]) => !PLACE.has(name));
  return `sha256:${canonicalDigest(Object.fromEntries(members))}`;
}

/** Adds revision and order to a content. */
export function sealPolicy(document: PolicyContent, inputsOf: PolicyInputs, epoch: number): PolicyDocument {
  return { ...document, revision: revisionOf(document), inputs: inputsOf, epoch };
}

/** The bytes that are written to the ConfigMap or the policy file. */
export function renderPolicy(document: PolicyDocument): string {
  return `${JSON.stringify(document, null, 1)}\n`;
}

function problemsOf(error: z.ZodError): Problem[] {
  return error.issues.map((issue) => ({
    path: issue.path.map(String).join('.') || '(document)',
    message: issue.message,
  }));
}

/** Reads a document and proves that it is whole, as `provePolicy` does. */
export function parsePolicy(text: string): Result<PolicyDocument, readonly Problem[]> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return err([{ path: '(document)', message: `not JSON: ${message}` }]);
  }
  return provePolicy(json);
}

/**
 * Proves that a document is whole: known schema, valid shape, revision equal to the recomputed one, no contradiction.
 * What a newer compiler adds is covered by the revision and ignored; `requires` says where that would be wrong.
 */
export function provePolicy(json: unknown): Result<PolicyDocument, readonly Problem[]> {
  if (typeof json !== 'object' || json === null) {
    return err([{ path: '(document)', message: 'is not an object' }]);
  }
  const parsed = policyDocument.safeParse(json);
  if (!parsed.success) return err(problemsOf(parsed.error));
  const expected = revisionOf(json);
  if (parsed.data.revision !== expected) {
    return err([{ path: 'revision', message: `is ${parsed.data.revision}, but the content is ${expected}` }]);
  }
  const problems = documentProblems(parsed.data);
  return problems.length === 0 ? ok(parsed.data) : err(problems);
}

/** Start of the feature that a stub requires; the revision that it stands for follows. No proxy has it. */
const STUB_FEATURE = 'policy-stream:';

/** The feature that makes a document a stub: whoever enforces it needs the stream, to get that revision. */
export function stubFeature(revision: string): string {
  return `${STUB_FEATURE}${revision}`;
}

/** The revision that a stub stands for; undefined for a document that speaks for itself. */
export function standsFor({ requires: features }: Pick<PolicyContent, 'requires'>): string | undefined {
  return features.find((feature) => feature.startsWith(STUB_FEATURE))?.slice(STUB_FEATURE.length);
}

/** Where a document stands in the order of documents. */
export type PolicyPlace = Pick<PolicyDocument, 'inputs' | 'epoch'>;

const INPUT_NAMES = [
  'servers',
  'grants',
  'sessions',
  'tombstones',
] as const satisfies readonly PolicyInputName[];

/** Inputs in which a candidate was made from an older view; they can only be compared within one epoch. */
export function olderInputs(current: PolicyPlace, candidate: PolicyPlace): readonly PolicyInputName[] {
  if (candidate.epoch !== current.epoch) return [];
  return INPUT_NAMES.filter((name) => BigInt(candidate.inputs[name]) < BigInt(current.inputs[name]));
}

/** Whether a candidate was made from an older view than the current document, in any input. */
export function isOlder(current: PolicyPlace, candidate: PolicyPlace): boolean {
  return candidate.epoch < current.epoch || olderInputs(current, candidate).length > 0;
}

/**
 * Whether a candidate was made from an older view than the current document in any input, and must be refused. A stub
 * is also behind a document that was made from the same view: it only says that nothing older may be enforced.
 */
export function isBehind(current: PolicyDocument, candidate: PolicyDocument): boolean {
  if (isOlder(current, candidate)) return true;
  if (standsFor(candidate) === undefined || standsFor(current) !== undefined) return false;
  return (
    candidate.epoch === current.epoch &&
    INPUT_NAMES.every((name) => candidate.inputs[name] === current.inputs[name])
  );
}
