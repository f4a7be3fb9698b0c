// Small contracts that many programs rely on: durations, labels and selectors, names, conditions, failures.
import { describe, expect, it } from '@jest/globals';
import { ACCESS_CONDITIONS, CONDITION_REASONS, SERVER_CONDITIONS } from '#api/conditions.ts';
import { parseDurationMs, parseDurationSeconds } from '#api/duration.ts';
import { PlatformError } from '#api/errors.ts';
import { deploymentSelector, podSelector, serverLabels, workloadLabels } from '#api/labels.ts';
import { serverObjectNames } from '#api/names.ts';
import { condition } from '#api/schema.ts';

describe('a duration', () => {
  it.each([
    ['24h', 86_400_000],
    ['1h30m', 5_400_000],
    ['1.5s', 1_500],
    ['250ms', 250],
    ['1m0.5s', 60_500],
    ['0s', 0],
  ])('%s is %d milliseconds', (text, ms) => {
    expect(parseDurationMs(text)).toBe(ms);
  });

  it('in seconds is rounded up and never nothing', () => {
    expect([parseDurationSeconds('0s'), parseDurationSeconds('250ms'), parseDurationSeconds('1.2s')]).toEqual(
      [1, 1, 2],
    );
  });

  it.each(['', '1', '1d', '-1s', '1 h', 'h'])('is not %j', (text) => {
    expect(() => parseDurationMs(text)).toThrow(/write for example 30s/);
  });
});

describe('labels', () => {
  it('are those that existing selectors select by', () => {
    expect(deploymentSelector('notes', 'stable')).toEqual({
      app: 'notes',
      'mcpruntime.org/rollout-track': 'stable',
    });
    expect(podSelector('notes')).toEqual({ app: 'notes', 'app.kubernetes.io/managed-by': 'mcp-runtime' });
  });

  it('of pods are matched by both selectors, and a canary is in the Service too', () => {
    for (const track of ['stable', 'canary'] as const) {
      const labels = workloadLabels('notes', track);
      expect(labels).toMatchObject(deploymentSelector('notes', track));
      expect(labels).toMatchObject(podSelector('notes'));
      expect(labels).toMatchObject(serverLabels('notes'));
    }
    expect(workloadLabels('notes', 'canary')).not.toMatchObject(deploymentSelector('notes', 'stable'));
  });
});

describe('names', () => {
  it('are those of existing installations', () => {
    expect(serverObjectNames('notes')).toMatchObject({
      deployment: 'notes',
      canaryDeployment: 'notes-canary',
      container: 'notes',
      service: 'notes',
      ingress: 'notes',
      policyConfigMap: 'notes-gateway-policy',
      keysSecret: 'notes-gateway-keys',
    });
  });
});

describe('conditions', () => {
  it('have types and reasons that the schema of a condition takes, none twice', () => {
    const types = Object.values({ ...SERVER_CONDITIONS, ...ACCESS_CONDITIONS });
    const reasons = Object.values(CONDITION_REASONS);
    expect(new Set(types).size).toBe(types.length);
    expect(new Set(reasons).size).toBe(reasons.length);
    for (const type of types) {
      for (const reason of reasons) {
        const now = '2026-01-01T00:00:00Z';
        const read = condition.safeParse({
          type,
          reason,
          status: 'True',
          message: '',
          lastTransitionTime: now,
        });
        expect(read.success).toBe(true);
      }
    }
  });
});

describe('PlatformError', () => {
  it('says where, what and what to do, and keeps code and cause', () => {
    const cause = new Error('EADDRINUSE');
    const failure = { where: 'port 8080', what: 'is in use', remedy: 'choose another with --port' };
    const error = new PlatformError('port_in_use', failure, { cause });
    expect(error.message).toBe('port 8080: is in use; choose another with --port');
    expect(error).toMatchObject({ code: 'port_in_use', where: 'port 8080', remedy: failure.remedy, cause });
  });
});
