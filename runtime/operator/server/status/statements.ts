// Every statement that a status makes of a server, in the order in which they are shown. A server is ready when what
// was asked for is there: pods, Service, route, and with the gateway on the proxy and its policy. What is said of
// audit, identity and isolation does not count: those are properties that a server has or lacks while it serves, and
// people alert on them by their own conditions. Nor does a part of the spec that has no effect.
import { CONDITION_REASONS, SERVER_CONDITIONS, type ServerConditionType } from '#api/conditions.ts';
import { auditFinding } from './audit.ts';
import { canaryFinding } from './canary.ts';
import { deploymentFinding } from './deployment.ts';
import { failureFinding } from './failures.ts';
import type { Finding } from './finding.ts';
import { stuck } from './finding.ts';
import { gatewayFinding } from './gateway.ts';
import { honouredFinding } from './honoured.ts';
import { identityFinding } from './identity.ts';
import { isolationFinding } from './isolation.ts';
import { policyFinding, policySyncedFinding } from './policy.ts';
import { acceptedFinding, ingressFinding } from './route.ts';
import type { Scene } from './scene.ts';
import { serviceFinding } from './service.ts';

export interface Statement {
  readonly type: ServerConditionType;
  readonly finding: Finding;
  /** Whether the server is ready only if it holds. */
  readonly counts: boolean;
}

export function statementsOf(scene: Scene): readonly Statement[] {
  const { gateway, rollout } = scene.input.resolved;
  const synced = policySyncedFinding(scene);
  const gatewayOn = gateway !== undefined;
  const always = true;
  const never = false;
  return [
    { type: SERVER_CONDITIONS.ACCEPTED, finding: acceptedFinding(scene), counts: always },
    { type: SERVER_CONDITIONS.DEPLOYMENT_READY, finding: deploymentFinding(scene), counts: always },
    { type: SERVER_CONDITIONS.GATEWAY_READY, finding: gatewayFinding(scene), counts: gatewayOn },
    { type: SERVER_CONDITIONS.POLICY_READY, finding: policyFinding(scene, synced), counts: gatewayOn },
    { type: SERVER_CONDITIONS.SERVICE_READY, finding: serviceFinding(scene), counts: always },
    { type: SERVER_CONDITIONS.INGRESS_READY, finding: ingressFinding(scene), counts: always },
    {
      type: SERVER_CONDITIONS.CANARY_READY,
      finding: canaryFinding(scene),
      counts: rollout.canaryReplicas > 0,
    },
    { type: SERVER_CONDITIONS.POLICY_SYNCED, finding: synced, counts: never },
    { type: SERVER_CONDITIONS.AUDIT_DELIVERING, finding: auditFinding(scene), counts: never },
    { type: SERVER_CONDITIONS.IDENTITY_VERIFIED, finding: identityFinding(scene), counts: never },
    { type: SERVER_CONDITIONS.ISOLATED, finding: isolationFinding(scene), counts: never },
    { type: SERVER_CONDITIONS.SPEC_HONOURED, finding: honouredFinding(scene), counts: never },
  ];
}

/** Whether it says what was asked for: it holds, or nothing was asked for. */
export function isSatisfied({ status, reason }: Finding): boolean {
  return status === 'True' || reason === CONDITION_REASONS.SCALED_TO_ZERO;
}

/** What keeps the server from being ready, the statements' own findings and what belongs to none of them. */
export function hindrances(scene: Scene, statements: readonly Statement[]): readonly Finding[] {
  const own = statements.filter(({ counts, finding }) => counts && !isSatisfied(finding));
  const told = new Set(statements.map(({ finding }) => finding.message));
  const missing = scene.input.resolved.problems.map(({ path, message }) =>
    stuck(CONDITION_REASONS.NOT_CONFIGURED, `${path} ${message}`),
  );
  const failed = scene.observed.failures.map(failureFinding).filter(({ message }) => !told.has(message));
  return [...missing, ...own.map(({ finding }) => finding), ...failed];
}
