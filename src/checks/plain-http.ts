import { defineCheck, type Finding } from './check.ts';
import { isEncrypted } from './exposure.ts';
import type { ProgramView } from './program-view.ts';

const MESSAGE =
  'is reached by plain http; give its route a certificate (tls), the installation one, or an https externalUrl where something in front has it';

function find(program: ProgramView): readonly Finding[] {
  return program.servers
    .filter((seen) => !isEncrypted(seen, program))
    .map(({ construct }) => ({ construct, message: MESSAGE }));
}

export const plainHttp = defineCheck({
  name: 'plain-http',
  finds: 'a server whose route has no TLS',
  severity: 'off',
  inProduction: 'error',
  mayBeMeant: true,
  find,
});
