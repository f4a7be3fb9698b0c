// What a team may ask for: the namespace as a whole, and a container that says nothing. The second is needed for the
// first: where limits are counted, the API server refuses pods without any.
import { ApiObject } from 'cdk8s';
import type { Construct } from 'constructs';
import { teamMetadata, type TeamIdentity } from './metadata.ts';
import type { TeamSettings } from './team-settings.ts';

export const TEAM_QUOTA = 'team';
export const TEAM_LIMITS = 'team';

/** A Service of these types would be a way in past the ingress, which nobody looks at. */
const NO_OWN_ENTRANCES = { 'services.loadbalancers': '0', 'services.nodeports': '0' };

export function addQuota(
  scope: Construct,
  team: TeamIdentity,
  { quota, ownEntrances }: TeamSettings,
): ApiObject {
  return new ApiObject(scope, 'quota', {
    apiVersion: 'v1',
    kind: 'ResourceQuota',
    metadata: teamMetadata(team, TEAM_QUOTA),
    spec: {
      hard: {
        'requests.cpu': quota.requests.cpu,
        'requests.memory': quota.requests.memory,
        'limits.cpu': quota.limits.cpu,
        'limits.memory': quota.limits.memory,
        pods: String(quota.pods),
        'requests.storage': quota.storage,
        persistentvolumeclaims: String(quota.volumes),
        ...(ownEntrances === undefined && NO_OWN_ENTRANCES),
      },
    },
  });
}

export function addLimits(scope: Construct, team: TeamIdentity, { containers }: TeamSettings): ApiObject {
  const { requests, limits, max } = containers;
  return new ApiObject(scope, 'limits', {
    apiVersion: 'v1',
    kind: 'LimitRange',
    metadata: teamMetadata(team, TEAM_LIMITS),
    spec: {
      limits: [{ type: 'Container', default: { ...limits }, defaultRequest: { ...requests }, max }],
    },
  });
}
