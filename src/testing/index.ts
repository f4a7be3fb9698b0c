// What the tests of a program need: `@mcp-runtime/platform/testing`. It knows no test runner.
export type { PolicyReason } from '#api/reasons.ts';
export type { Decision } from '#policy/decision.ts';
export type { Call } from './call.ts';
export { matchers, type MatcherResult, type PlatformMatchers, type Received } from './matchers.ts';
export {
  everyServerHasAGrant,
  imagesAreExact,
  noSecretIsWritten,
  nothingIsPublic,
  nothingIsWarnedOf,
  type Rule,
} from './rules.ts';
export { synth, type TestedProgram } from './tested-program.ts';
