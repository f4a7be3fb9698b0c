import { defineCheck, type Finding } from './check.ts';
import type { ProgramView } from './program-view.ts';

const MESSAGE =
  'believes headers: whoever reaches its port can claim to be anybody; take Auth.oauth(), or say what stands in front of it';

function find({ servers }: ProgramView): readonly Finding[] {
  return servers
    .filter(({ resolved }) => resolved.gateway?.auth.mode === 'header')
    .map(({ construct }) => ({ construct, message: MESSAGE }));
}

export const assertedIdentity = defineCheck({
  name: 'asserted-identity',
  finds: 'a server whose callers say who they are in headers',
  severity: 'off',
  inProduction: 'error',
  mayBeMeant: true,
  find,
});
