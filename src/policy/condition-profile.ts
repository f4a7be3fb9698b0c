// What a condition may say, decided from its syntax before it ever runs: a tenant writes conditions, and the proxy
// evaluates them between two requests of other tenants. So there are few functions, no regular expressions (a
// backtracking one can stop a process), no macro inside a macro, and a bound on the work in the worst case.
import type { ASTNode } from '@marcbachmann/cel-js';
import { err, ok, type Result } from '#api/result.ts';

export const CONDITION_LIMITS = {
  /** Longest text of a condition, in characters. */
  length: 2048,
  /** Longest list or map in the arguments that a condition reads. */
  entries: 256,
  /** Most values in the arguments that a condition reads. */
  values: 1024,
  /** Most text in the arguments that a condition reads, in characters. */
  characters: 65_536,
  /** Most steps that a condition may take in the worst case; a step costs some ten nanoseconds. */
  cost: 100_000,
} as const;

/** Text is handled about this many characters a step. */
const CHARACTERS_PER_STEP = 1024;
const ANY_TEXT = CONDITION_LIMITS.characters / CHARACTERS_PER_STEP;

export const CONDITION_VARIABLES = ['args', 'subject', 'tool'] as const;

const FUNCTIONS: ReadonlySet<string> = new Set(['has', 'size', 'int', 'double', 'string', 'bool']);
const METHODS: ReadonlySet<string> = new Set([
  'contains',
  'startsWith',
  'endsWith',
  'lowerAscii',
  'upperAscii',
  'trim',
  'size',
]);
const MACROS: ReadonlySet<string> = new Set(['all', 'exists', 'exists_one', 'map', 'filter']);

export interface ConditionProfile {
  /** Steps in the worst case. */
  readonly cost: number;
  /** Members of `args` that are read; `all` where the expression reads `args` as a whole. */
  readonly reads: readonly string[] | 'all';
}

interface Findings {
  readonly problems: string[];
  readonly fields: Set<string>;
  readsAll: boolean;
}

interface Scope {
  readonly findings: Findings;
  /** The variable of the macro that the node is in. */
  readonly local?: string;
}

/** Most entries that a list made by this node can have. */
function entriesOf(node: ASTNode): number {
  switch (node.op) {
    case 'list':
      return node.args.length;
    case '+':
      return entriesOf(node.args[0]) + entriesOf(node.args[1]);
    case '?:':
      return Math.max(entriesOf(node.args[1]), entriesOf(node.args[2]));
    case 'rcall':
      return MACROS.has(node.args[0]) ? entriesOf(node.args[1]) : CONDITION_LIMITS.entries;
    default:
      return CONDITION_LIMITS.entries;
  }
}

/** Most steps that reading the text, or comparing the value, of this node can take. */
function weightOf(node: ASTNode): number {
  switch (node.op) {
    case 'value':
      return typeof node.args === 'string' ? Math.ceil(node.args.length / CHARACTERS_PER_STEP) : 1;
    case 'list':
      return node.args.reduce((sum, item) => sum + weightOf(item), 1);
    case '+':
      return weightOf(node.args[0]) + weightOf(node.args[1]);
    case '?:':
      return Math.max(weightOf(node.args[1]), weightOf(node.args[2]));
    default:
      return ANY_TEXT;
  }
}

function argsFieldOf(node: ASTNode): string | undefined {
  if (node.op !== '.' && node.op !== '[]') return undefined;
  const [target, field] = node.args;
  if (target.op !== 'id' || target.args !== 'args') return undefined;
  if (typeof field === 'string') return field;
  return field.op === 'value' && typeof field.args === 'string' ? field.args : undefined;
}

function costOfVariable(name: string, { findings, local }: Scope): number {
  if (name === 'args') findings.readsAll = true;
  if (name !== local && !CONDITION_VARIABLES.some((variable) => variable === name)) {
    findings.problems.push(`'${name}' is not a variable; there are args, subject and tool`);
  }
  return 1;
}

function sum(nodes: readonly ASTNode[], scope: Scope): number {
  return nodes.reduce((total, node) => total + costOf(node, scope), 1);
}

function costOfMacro(name: string, range: ASTNode, operands: readonly ASTNode[], scope: Scope): number {
  const { findings, local } = scope;
  const [variable, ...body] = operands;
  if (local !== undefined) findings.problems.push(`'${name}' stands inside another macro`);
  if (variable?.op !== 'id') {
    findings.problems.push(`'${name}' needs the name of a variable first`);
    return 1;
  }
  if (CONDITION_VARIABLES.some((taken) => taken === variable.args)) {
    findings.problems.push(`'${variable.args}' cannot be the variable of '${name}'`);
  }
  const inner = { findings, local: variable.args };
  return costOf(range, scope) + entriesOf(range) * sum(body, inner);
}

function costOfMethod(name: string, target: ASTNode, operands: readonly ASTNode[], scope: Scope): number {
  if (MACROS.has(name)) return costOfMacro(name, target, operands, scope);
  if (name === 'matches')
    scope.findings.problems.push("'matches' is not offered: regular expressions can stall");
  else if (!METHODS.has(name)) scope.findings.problems.push(`'${name}' is not offered`);
  return [target, ...operands].reduce(
    (total, node) => total + weightOf(node),
    sum([target, ...operands], scope),
  );
}

function costOfCall(name: string, operands: readonly ASTNode[], scope: Scope): number {
  if (name === 'matches')
    scope.findings.problems.push("'matches' is not offered: regular expressions can stall");
  else if (!FUNCTIONS.has(name)) scope.findings.problems.push(`'${name}' is not offered`);
  return operands.reduce((total, node) => total + weightOf(node), sum(operands, scope));
}

function costOf(node: ASTNode, scope: Scope): number {
  const field = argsFieldOf(node);
  if (field !== undefined && scope.local !== 'args') {
    scope.findings.fields.add(field);
    return 2;
  }
  switch (node.op) {
    case 'value':
      return 1;
    case 'id':
      return costOfVariable(node.args, scope);
    case '.':
    case '.?':
      return sum([node.args[0]], scope);
    case 'call':
      return costOfCall(node.args[0], node.args[1], scope);
    case 'rcall':
      return costOfMethod(node.args[0], node.args[1], node.args[2], scope);
    case 'map':
      return sum(node.args.flat(), scope);
    case '!_':
    case '-_':
      return sum([node.args], scope);
    case 'in':
      return (
        sum(node.args, scope) + entriesOf(node.args[1]) + weightOf(node.args[0]) + weightOf(node.args[1])
      );
    case '==':
    case '!=':
      return sum(node.args, scope) + Math.min(weightOf(node.args[0]), weightOf(node.args[1]));
    case '+':
      return sum(node.args, scope) + entriesOf(node) + weightOf(node);
    default:
      return sum(node.args, scope);
  }
}

/** Whether the profile admits an expression, and what it costs at most; else every objection in one sentence. */
export function profileOf(ast: ASTNode): Result<ConditionProfile, string> {
  const findings: Findings = { problems: [], fields: new Set(), readsAll: false };
  const cost = costOf(ast, { findings });
  if (cost > CONDITION_LIMITS.cost) {
    findings.problems.push(`it can take ${cost} steps, more than ${CONDITION_LIMITS.cost}`);
  }
  if (findings.problems.length > 0) return err([...new Set(findings.problems)].join('; '));
  return ok({ cost, reads: findings.readsAll ? 'all' : [...findings.fields].sort() });
}
