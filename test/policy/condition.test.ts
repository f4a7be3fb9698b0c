import { describe, expect, it } from '@jest/globals';
import { compileCondition } from '#policy/condition.ts';
import { decided, aGrant, aPrincipal } from './build.ts';

const subject = { human: 'alice', agent: 'scribe', teams: ['ops'], assurance: 'asserted' };
const tool = { name: 'add_note', requiredTrust: 'low', sideEffect: 'write', riskLevel: 'medium' };

function outcome(text: string, args: unknown = {}): string {
  const condition = compileCondition(text);
  if (!condition.ok) return condition.error;
  return condition.value.evaluate({ readArguments: () => args, subject, tool });
}

describe('a condition', () => {
  it.each([
    ['args.amount < 100', { amount: 99 }, 'met'],
    ['args.amount < 100', { amount: 100 }, 'not_met'],
    ['args.amount * 2 == 10', { amount: 5 }, 'met'],
    ['args.path.startsWith("/public/")', { path: '/public/a' }, 'met'],
    ['args["strange name"] == "x"', { 'strange name': 'x' }, 'met'],
    ['args.tags.all(tag, tag in ["a", "b"])', { tags: ['a', 'b'] }, 'met'],
    ['args.tags.exists(tag, tag.contains("c"))', { tags: ['a', 'b'] }, 'not_met'],
    ['has(args.dryRun) && args.dryRun', {}, 'not_met'],
    ['subject.human == "alice" && "ops" in subject.teams', {}, 'met'],
    ['tool.sideEffect != "destructive"', {}, 'met'],
  ])('%s over %j is %s', (text, args, expected) => {
    expect(outcome(text, args)).toBe(expected);
  });

  it.each([
    ['a member that is missing', 'args.amount < 100', {}],
    ['a value of another type', 'args.amount < 100', { amount: 'many' }],
    ['a result that is no bool', 'args.amount', { amount: 1 }],
    ['arguments that are no object', 'args.amount < 100', [1]],
    ['a list longer than the limit', 'args.tags.exists(tag, tag == "x")', { tags: Array(257).fill('x') }],
    ['a text longer than the limit', 'args.text.contains("x")', { text: 'x'.repeat(65_537) }],
    ['more values than the limit', 'size(args.rows) > 0', { rows: Array(250).fill([1, 2, 3, 4]) }],
  ])('fails on %s', (_what, text, args) => {
    expect(outcome(text, args)).toBe('failed');
  });

  it('does not mind large arguments that it does not read', () => {
    expect(outcome('args.title == "x"', { title: 'x', body: 'y'.repeat(200_000) })).toBe('met');
  });

  it('does not ask for arguments that it does not read', () => {
    const condition = compileCondition('tool.name == "add_note"');
    const readArguments = (): unknown => {
      throw new Error('nobody should ask');
    };
    expect(condition.ok && condition.value.evaluate({ readArguments, subject, tool })).toBe('met');
  });

  it('fails where the arguments cannot be read', () => {
    const condition = compileCondition('has(args.a)');
    const readArguments = (): unknown => {
      throw new Error('no such body');
    };
    expect(condition.ok && condition.value.evaluate({ readArguments, subject, tool })).toBe('failed');
  });

  it.each([
    ['a regular expression', 'args.a.matches("(a+)+$")', "'matches' is not offered"],
    ['a macro in a macro', 'args.a.all(x, args.b.all(y, x != y))', "'all' stands inside another macro"],
    [
      'a macro in the range of none but the body of one',
      'args.a.map(x, args.b.filter(y, y > x)).size() > 0',
      'stands inside another macro',
    ],
    ['another variable', 'request.path == "/"', "'request' is not a variable"],
    ['a clock', 'timestamp("2030-01-01T00:00:00Z") == args.t', "'timestamp' is not offered"],
    ['a function outside the list', 'args.a.split(",").size() > 1', "'split' is not offered"],
    ['a binding', 'cel.bind(x, 1, x == 1)', 'is not offered'],
    [
      'a macro variable that hides another',
      'args.a.exists(args, args == 1)',
      "'args' cannot be the variable",
    ],
    [
      'more work than the bound',
      `args.a.exists(x, ${Array(8).fill('args.b.contains(x)').join(' || ')})`,
      'steps, more than',
    ],
    [
      'doubling that makes a long list',
      `(${Array(120).fill('args.a').join(' + ')}).exists(x, x.contains("y") && x.contains("z"))`,
      'steps, more than',
    ],
    ['a text that is too long', `args.a == "${'x'.repeat(2048)}"`, 'at most 2048 characters'],
    ['a result that is never a bool', '1 + 1', 'not bool'],
    ['what is no CEL', 'args.a ===', ''],
  ])('refuses %s', (_what, text, message) => {
    const condition = compileCondition(text);
    expect(condition.ok).toBe(false);
    expect(condition.ok ? '' : condition.error).toContain(message);
  });
});

describe('a rule with a condition', () => {
  const rule = (decision: 'allow' | 'deny', condition: string) => [
    { name: 'read_note', decision, condition },
  ];
  const allowIf = (condition: string) => ({ grants: [aGrant({ toolRules: rule('allow', condition) })] });
  const denyIf = (condition: string) => ({
    grants: [aGrant({ name: 'allows' }), aGrant({ name: 'denies', toolRules: rule('deny', condition) })],
  });
  const args = (value: unknown) => ({ readArguments: () => value });

  it('allows only where the condition is met', () => {
    expect(decided(allowIf('args.n < 2'), args({ n: 1 })).reason).toBe('allowed');
    expect(decided(allowIf('args.n < 2'), args({ n: 2 })).reason).toBe('condition_not_met');
  });

  it('does not allow where the condition fails or cannot be compiled', () => {
    expect(decided(allowIf('args.n < 2'), args({})).reason).toBe('condition_not_met');
    expect(decided(allowIf('no CEL at all'), args({ n: 1 })).reason).toBe('condition_not_met');
  });

  it('denies where the condition is met, fails or cannot be compiled', () => {
    expect(decided(denyIf('args.n < 2'), args({ n: 2 })).reason).toBe('allowed');
    expect(decided(denyIf('args.n < 2'), args({ n: 1 })).reason).toBe('tool_denied');
    expect(decided(denyIf('args.n < 2'), args({})).reason).toBe('tool_denied');
    expect(decided(denyIf('no CEL at all'), args({ n: 2 })).reason).toBe('tool_denied');
  });

  it('sees the caller', () => {
    const onlyOps = allowIf('"ops" in subject.teams');
    expect(decided(onlyOps, { principal: aPrincipal({ teams: ['ops'] }) }).reason).toBe('allowed');
    expect(decided(onlyOps, { principal: aPrincipal() }).reason).toBe('condition_not_met');
  });

  it('is open on its arguments while listing, and decided on everything else', () => {
    expect(decided(allowIf('args.n < 2'), { listing: true }).outcome).toBe('allow');
    expect(decided(denyIf('args.n < 2'), { listing: true }).outcome).toBe('allow');
    expect(decided(allowIf('subject.human == "bob"'), { listing: true }).outcome).toBe('deny');
    expect(decided(denyIf('subject.human == "alice"'), { listing: true }).outcome).toBe('deny');
    expect(decided(allowIf('no CEL at all'), { listing: true }).outcome).toBe('deny');
  });
});
