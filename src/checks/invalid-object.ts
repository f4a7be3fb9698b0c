import { defineCheck, type Finding } from './check.ts';
import type { ProgramView } from './program-view.ts';

function find({ unreadable }: ProgramView): readonly Finding[] {
  return unreadable.flatMap(({ construct, problems }) =>
    problems.map(({ path, message }) => ({ construct, message: `${path} ${message}` })),
  );
}

export const invalidObject = defineCheck({
  name: 'invalid-object',
  finds: 'an object of our kinds, written without our constructs, that the API server would refuse',
  severity: 'error',
  mayBeMeant: false,
  find,
});
