// What the findings mean: which scenarios have to pass where, and where a proxy makes a difference.
import { COLUMNS, type Column } from './candidates.ts';
import type { Check, Findings, Revision, Scenario } from './suite.ts';

/** `absent`: the suite did not get to its end. */
export type Outcome = 'pass' | 'fail' | 'absent';

export interface Cell {
  readonly outcome: Outcome;
  /** Why a failure is the design: what the scenario uses and policy has no rules for yet. */
  readonly closed: string | undefined;
  /** Whether it fails in more than what is closed. */
  readonly failsBeyond: boolean;
}

export interface Row {
  readonly revision: Revision;
  readonly scenario: Scenario;
  readonly cells: Readonly<Record<Column, Cell>>;
  /** What checks say behind a proxy that they don't say of the fixture, one sentence each. */
  readonly differences: readonly string[];
}

/** An answer that asks for input: a request of the server in another form. */
const INPUT = 'input_required';

/**
 * What an enforcing proxy keeps closed as long as policy has no rules for it, by what names of scenarios begin with; where
 * a scenario is about more than that, with the ids of the checks that are about it. A scenario that passes although it
 * stands here fails the run, so that the list shrinks as rules come.
 */
const CLOSED: readonly (readonly [prefix: string, uses: string, checks?: RegExp])[] = [
  ['server-stateless', 'subscriptions/listen', /subscription/],
  ['logging-set-level', 'logging/setLevel'],
  ['tools-call-with-logging', 'logging/setLevel'],
  ['completion-complete', 'completion/complete'],
  ['tools-call-sampling', 'sampling/createMessage'],
  ['tools-call-elicitation', 'elicitation/create'],
  ['elicitation-', 'elicitation/create'],
  ['resources-list', 'resources/list'],
  ['resources-read-', 'resources/read'],
  ['resources-templates-read', 'resources/read'],
  ['resources-subscribe', 'resources/subscribe'],
  ['resources-unsubscribe', 'resources/unsubscribe'],
  ['prompts-list', 'prompts/list'],
  ['prompts-get-', 'prompts/get'],
  ['caching', 'resources/templates/list'],
  ['input-required-result-basic-', INPUT],
  ['input-required-result-request-state', INPUT],
  ['input-required-result-mult', INPUT],
  ['input-required-result-result-type', INPUT],
  ['input-required-result-tampered-state', INPUT],
  ['input-required-result-capability-check', INPUT],
  ['input-required-result-non-tool-request', 'prompts/get'],
];

export function closedBy(scenario: string): string | undefined {
  return CLOSED.find(([prefix]) => scenario.startsWith(prefix))?.[1];
}

/** Checks of a scenario that what is closed doesn't explain. */
function beyondClosed(scenario: string, checks: readonly Check[]): readonly Check[] {
  const explained = CLOSED.find(([prefix]) => scenario.startsWith(prefix))?.[2];
  return explained === undefined ? [] : checks.filter(({ id }) => !explained.test(id));
}

export function outcomeOf(checks: readonly Check[] | undefined): Outcome {
  if (checks === undefined || checks.length === 0) return 'absent';
  return checks.some(({ status }) => status === 'FAILURE') ? 'fail' : 'pass';
}

export function rowOf(
  revision: Revision,
  scenario: Scenario,
  findings: Readonly<Record<Column, Findings>>,
): Row {
  const cell = (column: Column): Cell => {
    const checks = findings[column].get(scenario.name) ?? [];
    return {
      outcome: outcomeOf(checks),
      closed: column === 'enforced' ? closedBy(scenario.name) : undefined,
      failsBeyond: outcomeOf(beyondClosed(scenario.name, checks)) === 'fail',
    };
  };
  const cells = { direct: cell('direct'), observe: cell('observe'), enforced: cell('enforced') };
  const own = findings.direct.get(scenario.name) ?? [];
  const differences = COLUMNS.filter((column) => column !== 'direct').flatMap((column) => {
    const { closed, outcome } = cells[column];
    const behind = findings[column].get(scenario.name) ?? [];
    if (closed === undefined) return differencesOf(column, own, behind);
    if (outcome === 'pass') return [`${column}: passes, so it does not belong among what is closed`];
    return differencesOf(column, own, beyondClosed(scenario.name, behind));
  });
  return { revision, scenario, cells, differences };
}

const severity = { SUCCESS: 0, INFO: 0, SKIPPED: 0, WARNING: 1, FAILURE: 2 } as const;

/** Checks that are worse behind the proxy. An id may occur several times; the worst of them counts. */
function differencesOf(
  column: Column,
  direct: readonly Check[],
  behind: readonly Check[],
): readonly string[] {
  const worst = (checks: readonly Check[], id: string) =>
    Math.max(0, ...checks.filter((each) => each.id === id).map(({ status }) => severity[status]));
  const worse = behind.filter(({ id, status }) => severity[status] > worst(direct, id));
  return worse.map(({ id, status, errorMessage }) => {
    const why = errorMessage?.split('\n')[0] ?? 'it does not say why';
    return `${column}: ${id} ${status === 'WARNING' ? 'warns' : 'fails'}: ${why}`;
  });
}

export type Judgement = 'passed' | 'failed' | 'not counted';

/** Required scenarios have to pass directly, and then behind a proxy, unless its policy closes what they use. */
export function judge({ scenario, cells }: Row, column: Column): Judgement {
  if (scenario.unscored !== undefined) return 'not counted';
  const { outcome, closed, failsBeyond } = cells[column];
  // What is closed is refused; it neither passes nor leaves its caller waiting.
  if (closed !== undefined) return outcome === 'fail' && !failsBeyond ? 'not counted' : 'failed';
  if (outcome === 'pass') return 'passed';
  return column === 'direct' || cells.direct.outcome === 'pass' ? 'failed' : 'not counted';
}

/** Methods without a rule of which no record says that they passed in observe mode, as they would not if enforced. */
export function unrecorded(methods: ReadonlyMap<string, ReadonlySet<string>>): readonly string[] {
  const closed = new Set(CLOSED.map(([, uses]) => uses).filter((uses) => uses !== INPUT));
  return [...closed].filter((method) => methods.get(method)?.has('would_deny') !== true);
}
