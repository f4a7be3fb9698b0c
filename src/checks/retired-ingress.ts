import { defineCheck, type Finding } from './check.ts';
import type { ProgramView } from './program-view.ts';

const MESSAGE =
  'is the community ingress-nginx, which is retired and gets no more mends of its security; move to a Gateway';

function find({ ingresses }: ProgramView): readonly Finding[] {
  return ingresses
    .filter(({ settings }) => settings.class === 'community-nginx')
    .map((construct) => ({ construct, message: MESSAGE }));
}

export const retiredIngress = defineCheck({
  name: 'retired-ingress',
  finds: 'the community ingress-nginx as the way in',
  severity: 'warning',
  mayBeMeant: true,
  find,
});
