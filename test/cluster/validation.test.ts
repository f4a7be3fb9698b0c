// One rule, one text: what the API server refuses, reading an object refuses, and the other way round. Random objects
// of all kinds are judged by both; where only rules are broken, both have to say the same of the same field.
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { z } from 'zod';
import { KINDS } from '#api/kinds.ts';
import type { Kind } from '#api/kind.ts';
import { MCPAgentSession } from '#api/mcp-agent-session.ts';
import { checkUpdate, parseResource } from '#api/parse.ts';
import { isTransitionRule } from '#api/rules.ts';
import type { Problem } from '#api/result.ts';
import { MCPAccessGrant, MCPServer, type Members } from '#test/api/build.ts';
import type { ApiAnswer } from '#scripts/engines/api-client.ts';
import { cluster } from './harness/cluster.ts';
import { namespace } from './harness/namespace.ts';
import { isKubeObject, type KubeObject } from './harness/objects.ts';
import { grantSpecs, serverSpecs, sessionSpecs } from './rule-arbitraries.ts';
import { specArbitrary } from './schema-arbitrary.ts';

const world = cluster();
const ns = namespace('validation');

/** The seed of a failed run repeats it: MCP_TEST_SEED=… npm run test:cluster -- validation. */
const seed = Number(process.env['MCP_TEST_SEED'] ?? Date.now() % 2 ** 31);

const dryRun = '?dryRun=All&fieldValidation=Strict';
const atOnce = 8;

const cases: readonly {
  readonly name: string;
  readonly kind: Kind;
  readonly rules: fc.Arbitrary<Members>;
}[] = [
  { name: 'MCPServer', kind: MCPServer, rules: serverSpecs },
  { name: 'MCPAccessGrant', kind: MCPAccessGrant, rules: grantSpecs },
  { name: 'MCPAgentSession', kind: MCPAgentSession, rules: sessionSpecs },
];

/** What one of the two says of an object. */
interface Verdict {
  readonly accepted: boolean;
  /** Of each rule that is broken: path and message. */
  readonly rules: readonly string[];
  /** Whether all that is wrong are rules. */
  readonly onlyRules: boolean;
  readonly said: unknown;
}

const status = z.object({
  code: z.number(),
  message: z.string(),
  details: z
    .object({ causes: z.array(z.object({ message: z.string(), field: z.string() })).optional() })
    .optional(),
});

function verdictOfServer(kind: Kind, { status: code, text }: ApiAnswer): Verdict {
  if (code < 300) return { accepted: true, rules: [], onlyRules: true, said: code };
  const json: unknown = JSON.parse(text);
  const { message, details } = status.parse(json);
  // 422 is the schema and its rules, 400 a field that nobody knows. Anything else is no verdict on the object.
  if (code !== 422 && code !== 400) throw new Error(`the API server answered with ${code}: ${message}`);
  const causes = details?.causes ?? [];
  const rules = causes.flatMap((cause) => {
    const rule = kind.rules.find((each) => cause.message.endsWith(`: ${each.message}`));
    return rule === undefined ? [] : [`${cause.field}: ${rule.message}`];
  });
  return {
    accepted: false,
    rules,
    onlyRules: rules.length === causes.length && causes.length > 0,
    said: message,
  };
}

function verdictOfReader(kind: Kind, problems: readonly Problem[]): Verdict {
  const isRule = ({ message }: Problem) => kind.rules.some((rule) => rule.message === message);
  const rules = problems.filter(isRule).map(({ path, message }) => `${path}: ${message}`);
  return {
    accepted: problems.length === 0,
    rules,
    onlyRules: rules.length === problems.length,
    said: problems,
  };
}

interface Judged {
  readonly object: KubeObject;
  readonly server: Verdict;
  readonly reader: Verdict;
}

function differs({ server, reader }: Judged): boolean {
  if (server.accepted !== reader.accepted) return true;
  // The API server does not evaluate rules about an object whose schema is broken.
  if (!reader.onlyRules) return false;
  return [...server.rules].sort().join('\n') !== [...reader.rules].sort().join('\n');
}

/** Says of each object what both say, a few at a time. */
async function judge(
  objects: readonly KubeObject[],
  verdicts: (object: KubeObject) => Promise<Omit<Judged, 'object'>>,
): Promise<readonly Judged[]> {
  const judged: Judged[] = [];
  const waiting = objects.values();
  const worker = async () => {
    for (const object of waiting) judged.push({ object, ...(await verdicts(object)) });
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return judged;
}

/** All agree, and there was something to agree about on either side. */
function expectAgreement(judged: readonly Judged[]): void {
  const wrong = judged.filter(differs).map(({ object, server, reader }) => ({
    object: JSON.stringify(object).slice(0, 1500),
    server: server.said,
    reader: reader.said,
  }));
  expect({ seed, wrong: wrong.slice(0, 8) }).toEqual({ seed, wrong: [] });
  const accepted = judged.filter(({ server }) => server.accepted).length;
  expect(accepted).toBeGreaterThan(judged.length / 20);
  expect(accepted).toBeLessThan(judged.length);
}

function object(kind: Kind, spec: unknown, name = 'notes'): KubeObject {
  return {
    apiVersion: 'mcpruntime.org/v1alpha1',
    kind: kind.kind,
    metadata: { name, namespace: ns },
    spec,
  };
}

/** The object as text carries it, which is what both read. */
function asSent(value: KubeObject): KubeObject {
  const json: unknown = JSON.parse(JSON.stringify(value));
  if (!isKubeObject(json)) throw new Error('no object');
  return json;
}

async function bothOfNew(kind: Kind, sent: KubeObject): Promise<Omit<Judged, 'object'>> {
  const parsed = parseResource(kind, sent);
  return {
    server: verdictOfServer(kind, await world.create(sent, { query: dryRun })),
    reader: verdictOfReader(kind, parsed.ok ? [] : parsed.error),
  };
}

describe('a new object', () => {
  it.each(cases)('$name with any field is judged alike by both', async ({ kind }) => {
    const specs = fc.sample(specArbitrary(kind.spec), { seed, numRuns: 300 });
    const objects = specs.map((spec) => asSent(object(kind, spec)));
    expectAgreement(await judge(objects, (each) => bothOfNew(kind, each)));
  });

  it.each(cases)(
    '$name around its rules is judged alike by both, in the same words',
    async ({ kind, rules }) => {
      const specs = fc.sample(rules, { seed, numRuns: 500 });
      const judged = await judge(
        specs.map((spec) => object(kind, spec)),
        (each) => bothOfNew(kind, each),
      );
      expectAgreement(judged);
      const broken = new Set(
        judged.flatMap(({ server }) => server.rules.map((line) => line.slice(line.indexOf(': ') + 2))),
      );
      const untried = kind.rules.filter((rule) => !isTransitionRule(rule) && !broken.has(rule.message));
      expect(untried).toEqual([]);
    },
  );

  it.each(cases)('$name has the same names, but that a server has one of a Service', async ({ kind }) => {
    const names = ['notes', 'Notes', 'n', 'n-', 'a..b', 'a.-b', 'a_b', 'ä', 'n'.repeat(63), 'n'.repeat(254)];
    const ofServices = ['1n', 'a.b', 'n'.repeat(64), 'n'.repeat(253)];
    const spec =
      kind === MCPServer ? { image: 'a' } : { serverRef: { name: 'notes' }, subject: { humanID: 'user-1' } };
    const objects = [...names, ...ofServices].map((name) => object(kind, spec, name));
    const judged = await judge(objects, (each) => bothOfNew(kind, each));
    const wrong = judged.filter(({ server, reader }) => server.accepted !== reader.accepted);
    const wrongNames = wrong.map(({ object: { metadata } }) => metadata.name).sort();
    // No rule of a definition can speak of a name without blocking the status of an object that has a wrong one.
    expect(wrongNames).toEqual(kind === MCPServer ? [...ofServices].sort() : []);
    expect(judged.filter(({ server, reader }) => reader.accepted && !server.accepted)).toEqual([]);
  });
});

describe('a change of a session', () => {
  it('is judged alike by both, in the same words', async () => {
    const stored = await storeSessions();
    const fields = fc.subarray(['serverRef', 'subject', 'consentedTrust', 'revoked', 'policyVersion'], {
      maxLength: 2,
    });
    const changes = fc.sample(fc.tuple(sessionSpecs, fields), { seed, numRuns: 200 });
    const objects = changes.map(([spec, changed], index) => {
      const before = stored[index % stored.length];
      if (before === undefined) throw new Error('no session');
      const members = Object.entries(asMembers(before['spec'])).filter(([name]) => !changed.includes(name));
      const others = Object.entries(spec).filter(([name]) => changed.includes(name));
      return { ...before, spec: Object.fromEntries([...members, ...others]) };
    });
    const judged = await judge(objects, async (after) => {
      const before = stored.find(({ metadata }) => metadata.name === after.metadata.name);
      return {
        server: verdictOfServer(MCPAgentSession, await tryToReplace(after)),
        reader: verdictOfChange(before, after),
      };
    });
    expectAgreement(judged);
    const broken = judged.flatMap(({ server }) => server.rules).join('\n');
    const transitions = MCPAgentSession.rules.filter(isTransitionRule);
    expect(transitions.filter((rule) => !broken.includes(rule.message))).toEqual([]);
  });
});

it('there are cases of every kind', () => {
  expect(cases.map(({ kind }) => kind)).toEqual(KINDS);
});

/** Of the version that is stored now: the operator writes status meanwhile, which is not what this is about. */
async function tryToReplace(after: KubeObject): Promise<ApiAnswer> {
  for (;;) {
    const { metadata } = await world.must('MCPAgentSession', after.metadata.name, ns);
    const answer = await world.replace({ ...after, metadata }, { query: dryRun });
    if (answer.status !== 409) return answer;
  }
}

function asMembers(value: unknown): Members {
  return z.record(z.string(), z.unknown()).parse(value);
}

async function storeSessions(): Promise<readonly KubeObject[]> {
  const specs = fc.sample(sessionSpecs, { seed: seed + 1, numRuns: 60 });
  const stored: KubeObject[] = [];
  for (const [index, spec] of specs.entries()) {
    const made = object(MCPAgentSession, spec, `session-${index}`);
    if (!parseResource(MCPAgentSession, made).ok) continue;
    const { status: code, text } = await world.create(made);
    const json: unknown = JSON.parse(text);
    if (code !== 201 || !isKubeObject(json)) throw new Error(`a good session was refused: ${text}`);
    stored.push(json);
  }
  return stored;
}

/** Where the object itself is sound, what is wrong with the step to it. */
function verdictOfChange(before: unknown, after: unknown): Verdict {
  const [old, next] = [parseResource(MCPAgentSession, before), parseResource(MCPAgentSession, after)];
  if (!old.ok) throw new Error(JSON.stringify(old.error));
  if (next.ok) return verdictOfReader(MCPAgentSession, checkUpdate(MCPAgentSession, old.value, next.value));
  return { ...verdictOfReader(MCPAgentSession, next.error), onlyRules: false };
}
