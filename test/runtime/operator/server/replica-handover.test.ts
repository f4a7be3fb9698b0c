import { describe, expect, it } from '@jest/globals';
import { HANDOVER_MANAGER, handoverStep } from '#runtime/operator/server/replica-handover.ts';
import type { KubeObject, ManagedFieldsEntry } from '#runtime/kube/object.ts';

const OPERATOR = 'mcp-runtime-operator';

/** A Deployment of four pods whose number these managers own. */
function owned(...managers: readonly string[]): KubeObject {
  return ownedAt(4, ...managers);
}

function ownedAt(replicas: number, ...managers: readonly string[]): KubeObject {
  const managedFields = managers.map((manager): ManagedFieldsEntry => ({
    manager,
    operation: manager.startsWith('mcp-') ? 'Apply' : 'Update',
    fieldsV1: { 'f:spec': { 'f:replicas': {} } },
    ...(manager === 'kube-controller-manager' && { subresource: 'scale' }),
  }));
  const metadata = { name: 'notes', namespace: 'team-a', managedFields };
  return { apiVersion: 'apps/v1', kind: 'Deployment', metadata, spec: { replicas } };
}

const wants = (replicas?: number): KubeObject => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'notes', namespace: 'team-a' },
  spec: { ...(replicas !== undefined && { replicas }) },
});

describe('handing the number of pods over', () => {
  it('keeps it while nobody else owns it', () => {
    expect(handoverStep(wants(), owned(OPERATOR))).toBe('hold');
    expect(handoverStep(wants(), owned(OPERATOR, HANDOVER_MANAGER))).toBe('none');
    expect(handoverStep(wants(), owned(HANDOVER_MANAGER))).toBe('none');
  });

  it('keeps no zero: an autoscaler is off there, so a server that goes on starts with one pod', () => {
    expect(handoverStep(wants(), ownedAt(0, OPERATOR))).toBe('none');
  });

  it('needs nothing where an autoscaler, or a person, has taken it already', () => {
    expect(handoverStep(wants(), owned(OPERATOR, 'kube-controller-manager'))).toBe('none');
    expect(handoverStep(wants(), owned('kubectl-scale'))).toBe('none');
    expect(handoverStep(wants(), owned())).toBe('none');
  });

  it('lets go once somebody else owns it', () => {
    expect(handoverStep(wants(), owned(HANDOVER_MANAGER, 'kube-controller-manager'))).toBe('release');
  });

  it('lets go when the author says a number again', () => {
    expect(handoverStep(wants(2), owned(HANDOVER_MANAGER))).toBe('release');
    expect(handoverStep(wants(2), owned(OPERATOR))).toBe('none');
  });
});
