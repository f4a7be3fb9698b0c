import { suggestion } from '#api/nearest.ts';
import { settingsOf } from '#constructs/kit/settings.ts';
import { defineCheck, type Finding } from './check.ts';
import type { ProgramView } from './program-view.ts';

function find({ servers }: ProgramView): readonly Finding[] {
  return servers.flatMap(({ construct, resolved }) => {
    const { knownClasses } = settingsOf(construct);
    const { ingressClass } = resolved.route;
    if (knownClasses === undefined || knownClasses.includes(ingressClass)) return [];
    const near = suggestion(ingressClass, knownClasses);
    const message = `is on class ${ingressClass}, which the environment lacks; it has ${knownClasses.join(', ')}${near}`;
    return [{ construct, message }];
  });
}

export const unknownClass = defineCheck({
  name: 'unknown-class',
  finds: 'a server on an ingress class that the environment does not name',
  severity: 'error',
  mayBeMeant: true,
  find,
});
