// What may pass in a team's namespace: nothing, but names, and what the team declares. Servers bring policies of their
// own, which the operator makes; policies add up, so these are for every other pod, and for what all pods share.
import { KubeNetworkPolicy } from '#constructs/kit/kubernetes.ts';
import { addDefaultDeny, DEFAULT_DENY, policyPort } from '#constructs/kit/network.ts';
import type { Construct } from 'constructs';
import { teamMetadata, type TeamIdentity } from './metadata.ts';
import type { TeamSettings } from './team-settings.ts';

export function addNetworkPolicies(scope: Construct, team: TeamIdentity, { egress }: TeamSettings): void {
  addDefaultDeny(scope, teamMetadata(team, DEFAULT_DENY));
  new KubeNetworkPolicy(scope, 'dns', {
    metadata: teamMetadata(team, 'allow-dns'),
    spec: {
      podSelector: {},
      policyTypes: ['Egress'],
      egress: [{ ports: [policyPort(53, 'UDP'), policyPort(53)] }],
    },
  });
  if (egress.length === 0) return;
  new KubeNetworkPolicy(scope, 'egress', {
    metadata: teamMetadata(team, 'declared-egress'),
    spec: {
      podSelector: {},
      policyTypes: ['Egress'],
      egress: egress.map(({ cidr, except, ports }) => ({
        to: [{ ipBlock: { cidr, except: except && [...except] } }],
        ports: ports?.map((each) => policyPort(each.port, each.protocol)),
      })),
    },
  });
}
