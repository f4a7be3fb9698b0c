// Health of our kinds as Argo CD asks for it: a Lua script for each kind, in its ConfigMap. Without them a server that
// can't start counts as healthy as soon as its object is there.
import { API_GROUP } from '#api/kind.ts';
import { KINDS } from '#api/kinds.ts';

/**
 * The same for all kinds, because their conditions are. Stalled means that nothing happens until somebody changes
 * something, so waiting is no use; everything else that is not Ready may come by itself. A server that is scaled to
 * zero and a session that has ended are Ready: nothing is wrong with them.
 */
export const HEALTH_SCRIPT = `\
local waiting = { status = "Progressing", message = "The operator has not looked at this yet." }
if obj.status == nil or obj.status.conditions == nil then return waiting end
if obj.status.observedGeneration ~= obj.metadata.generation then return waiting end
local ready = nil
for _, condition in ipairs(obj.status.conditions) do
  if condition.type == "Stalled" and condition.status == "True" then
    return { status = "Degraded", message = condition.message }
  end
  if condition.type == "Ready" then ready = condition end
end
if ready == nil then return waiting end
if ready.status == "True" then
  return { status = "Healthy", message = ready.message }
end
return { status = "Progressing", message = ready.message }
`;

export const ARGO_HEALTH = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: {
    name: 'argocd-cm',
    namespace: 'argocd',
    labels: { 'app.kubernetes.io/name': 'argocd-cm', 'app.kubernetes.io/part-of': 'argocd' },
  },
  data: Object.fromEntries(
    KINDS.map(({ kind }) => [`resource.customizations.health.${API_GROUP}_${kind}`, HEALTH_SCRIPT]),
  ),
};
