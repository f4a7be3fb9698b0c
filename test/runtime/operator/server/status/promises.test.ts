// What is said beside readiness: audit, identity, isolation and what of the spec has no effect. None of it makes a
// server that serves any less ready.
import { describe, expect, it } from '@jest/globals';
import type { ObservedServer } from '#runtime/operator/server/status/observed-server.ts';
import { anAcknowledgement, conditionIn, GATEWAY_ON, said, statusOf } from './build.ts';

const POD = 'notes-1-0';
const on = (observed: Partial<ObservedServer> = {}) =>
  statusOf({ spec: GATEWAY_ON, observed: () => observed });
const saying = (changes: Parameters<typeof anAcknowledgement>[1]) =>
  on({ acknowledgements: [anAcknowledgement(POD, changes)] });

describe('AuditDelivering', () => {
  it.each([
    ['neither gateway nor recording is asked for', {}, 'False AnalyticsDisabled'],
    ['recording is asked for and the gateway is off', { analytics: {} }, 'False GatewayDisabled'],
    [
      'recording is switched off, and the gateway is off',
      { analytics: { enabled: false } },
      'False AnalyticsDisabled',
    ],
    ['the gateway is on and nothing records', { gateway: { enabled: true } }, 'False GatewayOnAuditOff'],
    [
      'the gateway is on and recording is switched off',
      { gateway: { enabled: true }, analytics: { disabled: true } },
      'False GatewayOnAuditOff',
    ],
    ['both are on', GATEWAY_ON, 'True Observed'],
  ] as const)('where %s', (_what, spec, expected) => {
    const status = statusOf({ spec });
    expect(said(status, 'AuditDelivering')).toBe(expected);
    expect(status.phase).toBe('Ready');
  });

  it('is false while events wait, and the server is as ready as before', () => {
    const status = saying({ auditDelayed: true });
    expect(said(status, 'AuditDelivering')).toBe('False AuditDelayed');
    expect(conditionIn(status, 'AuditDelivering').message).toContain('http://ingest.mcp-sentinel.svc:8080');
    expect(status.phase).toBe('Ready');
  });

  it('is not known before the first batch, or where nobody would know', () => {
    expect(said(saying({ auditDeliveredAt: undefined }), 'AuditDelivering')).toBe('Unknown Waiting');
    const absent = on({ acknowledgementSource: 'absent', acknowledgements: [] });
    expect(said(absent, 'AuditDelivering')).toBe('Unknown NoAcknowledgementSource');
    const lost = on({ acknowledgementSource: 'disconnected', acknowledgements: [] });
    expect(said(lost, 'AuditDelivering')).toBe('Unknown AcknowledgementSourceLost');
  });

  it('does not change with every batch', () => {
    const statuses = ['2026-01-01T11:59:00Z', '2026-01-01T11:59:59Z'].map((auditDeliveredAt) =>
      saying({ auditDeliveredAt }),
    );
    expect(statuses[0]).toEqual(statuses[1]);
  });
});

describe('IdentityVerified', () => {
  it.each([
    ['none', 'False NobodyIdentified'],
    ['header', 'False AssertedByHeaders'],
    ['oauth', 'True Observed'],
  ] as const)('in mode %s is %s', (mode, expected) => {
    const auth = { mode, ...(mode === 'oauth' && { issuerURL: 'https://login.example.org' }) };
    const status = statusOf({ spec: { ...GATEWAY_ON, auth } });
    expect(said(status, 'IdentityVerified')).toBe(expected);
    expect(status.phase).toBe('Ready');
  });

  it('is false without a gateway', () => {
    expect(said(statusOf(), 'IdentityVerified')).toBe('False GatewayDisabled');
  });
});

describe('Isolated', () => {
  it.each([
    ['somebody tried and failed', { reachablePastProxy: false }, 'True Observed'],
    ['somebody got through', { reachablePastProxy: true }, 'False ReachablePastProxy'],
    ['nobody tried', { reachablePastProxy: undefined }, 'Unknown Waiting'],
  ] as const)('where %s', (_what, acknowledgement, expected) => {
    const status = saying(acknowledgement);
    expect(said(status, 'Isolated')).toBe(expected);
    expect(status.phase).toBe('Ready');
  });

  it('is not known while no proxy runs that could be passed', () => {
    expect(said(on({ pods: [] }), 'Isolated')).toBe('Unknown Waiting');
  });

  it('is not known, for all that was tried at one pod, while another was not', () => {
    const spec = { ...GATEWAY_ON, replicas: 2 };
    const status = statusOf({ spec, observed: () => ({ acknowledgements: [anAcknowledgement(POD)] }) });
    expect(said(status, 'Isolated')).toBe('Unknown Waiting');
  });

  it('names the remedy', () => {
    const { message } = conditionIn(saying({ reachablePastProxy: true }), 'Isolated');
    expect(message).toContain(`pod ${POD}`);
    expect(message).toContain('NetworkPolicy');
  });

  it('is a matter of the gateway', () => {
    expect(said(statusOf(), 'Isolated')).toBe('False GatewayDisabled');
  });
});

describe('SpecHonoured', () => {
  const tools = [{ name: 'read', sideEffect: 'read' }, { name: 'mystery' }] as const;

  it('names a tool without a side effect, which nobody can call', () => {
    const status = statusOf({ spec: { ...GATEWAY_ON, tools: [...tools] } });
    expect(said(status, 'SpecHonoured')).toBe('False PartlyIgnored');
    const { message } = conditionIn(status, 'SpecHonoured');
    expect(message).toContain('spec.tools[1].sideEffect is not declared for mystery');
    expect(message).not.toContain('read,');
    expect(status.phase).toBe('Ready');
  });

  it('says nothing of it with the gateway off, because then it can be called', () => {
    expect(said(statusOf({ spec: { tools: [...tools] } }), 'SpecHonoured')).toBe('True Observed');
  });

  it('names what the renderer left out, once', () => {
    const warning = { path: 'spec.ingressAnnotations["a/b"]', message: 'is not taken by class traefik' };
    const tool = { path: 'spec.tools[1].sideEffect', message: 'is not declared' };
    const status = statusOf({
      spec: { ...GATEWAY_ON, tools: [...tools] },
      observed: () => ({ warnings: [warning, tool] }),
    });
    const { message } = conditionIn(status, 'SpecHonoured');
    expect(message).toContain('spec.ingressAnnotations["a/b"] is not taken by class traefik');
    expect(message.split('spec.tools[1]')).toHaveLength(2);
  });
});
