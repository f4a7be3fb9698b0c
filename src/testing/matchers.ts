// The rules, and what policy decides, as matchers: `expect.extend(matchers)` in Jest and in Vitest, which ask for the same
// two members of a result.
import type { Program } from '#render/synthesise.ts';
import type { Call } from './call.ts';
import {
  everyServerHasAGrant,
  imagesAreExact,
  noSecretIsWritten,
  nothingIsPublic,
  nothingIsWarnedOf,
  type Rule,
} from './rules.ts';
import { synth, TestedProgram } from './tested-program.ts';
import type { PolicyReason } from '#api/reasons.ts';

export interface MatcherResult {
  readonly pass: boolean;
  /** What to say where the expectation fails, also a negated one. */
  readonly message: () => string;
}

/** What is expected of: a program, or one that ran already. */
export type Received = Program | TestedProgram;

const tested = (received: Received) => (received instanceof TestedProgram ? received : synth(received));

const keeps =
  (rule: Rule, otherwise: string) =>
  (received: Received): MatcherResult => {
    const broken = rule(tested(received));
    return {
      pass: broken.length === 0,
      message: () => (broken.length === 0 ? otherwise : broken.join('\n')),
    };
  };

const callText = ({ server, tool, human, agent, teams = [], session }: Call) => {
  const who = [human, agent, ...teams].filter((each) => each !== undefined).join(', ');
  return `${tool} of ${server} by ${who === '' ? 'nobody' : who}${session === undefined ? '' : ` in session ${session}`}`;
};

function decides(received: Received, call: Call, passes: boolean, reason?: PolicyReason): MatcherResult {
  const decision = tested(received).decide(call);
  const isAsExpected = (decision.outcome === 'allow') === passes;
  return {
    pass: isAsExpected && (reason === undefined || decision.reason === reason),
    message: () => `${callText(call)}: ${decision.outcome}, ${decision.reason}`,
  };
}

export const matchers = {
  toHaveAGrantForEveryServer: keeps(everyServerHasAGrant, 'every server has a grant'),
  toBePrivate: keeps(nothingIsPublic, 'nothing is public'),
  toRunExactImages: keeps(imagesAreExact, 'every image says its version or digest'),
  toWriteNoSecrets: keeps(noSecretIsWritten, 'no object holds a secret'),
  toRaiseNoWarnings: keeps(nothingIsWarnedOf, 'nothing is warned of'),
  /** Whether the call passes. What is only observed does not count: it would be denied. */
  toAllow: (received: Received, call: Call) => decides(received, call, true),
  /** @param reason the one that it has to be denied with; without it, any */
  toDeny: (received: Received, call: Call, reason?: PolicyReason) => decides(received, call, false, reason),
};

/**
 * The types of the matchers, for the runner that a team uses:
 *
 *     declare module 'expect' { interface Matchers<R> extends PlatformMatchers<R> {} }
 *     declare module 'vitest' { interface Matchers<R extends void | Promise<void>, T> extends PlatformMatchers<R> {} }
 */
export interface PlatformMatchers<Result> {
  /** Every server has a grant that allows something. */
  toHaveAGrantForEveryServer(): Result;
  /** No server is on a class that isn't internal, and no Service leaves the cluster. */
  toBePrivate(): Result;
  /** Every image says its version or digest. */
  toRunExactImages(): Result;
  /** No Secret has anything in it. */
  toWriteNoSecrets(): Result;
  /** No check has anything to say that isn't silenced. */
  toRaiseNoWarnings(): Result;
  /** The proxy lets this call pass. */
  toAllow(call: Call): Result;
  /** The proxy denies this call, for this reason if one is given. */
  toDeny(call: Call, reason?: PolicyReason): Result;
}
