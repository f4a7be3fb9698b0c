import { describe, expect, it } from '@jest/globals';
import type { ResolvedRollout } from '#api/resolve.ts';
import type { KubeObject } from '#runtime/kube/object.ts';
import { planRollout, revisionOf } from '#runtime/operator/server/rollout.ts';
import { promotedTemplate, rolloutRecord } from '#runtime/operator/server/rollout-record.ts';
import { storedServer } from '#test/constructs/server/workload-build.ts';

const one = revisionOf({ spec: { containers: [{ image: 'a:1' }] } });
const two = revisionOf({ spec: { containers: [{ image: 'a:2' }] } });

const canary = (changes: Partial<ResolvedRollout> = {}): ResolvedRollout => ({
  strategy: 'Canary',
  maxSurge: '25%',
  maxUnavailable: '25%',
  canaryReplicas: 1,
  traffic: 'ReplicaRatio',
  canaryWeight: 25,
  ...changes,
});

describe('the revision of a template', () => {
  it('is the same whatever the order of its members, and another for another content', () => {
    expect(revisionOf({ b: 1, a: [{ d: 1, c: 2 }] }).revision).toBe(
      revisionOf({ a: [{ c: 2, d: 1 }], b: 1 }).revision,
    );
    expect(one.revision).not.toBe(two.revision);
    expect(one.revision).toMatch(/^[0-9a-f]{10}$/);
  });
});

describe('a rollout', () => {
  it('without a canary keeps nothing on record and gives every pod the current template', () => {
    const plan = planRollout(canary({ strategy: 'RollingUpdate' }), two, one);
    expect(plan).toEqual({ canaryIsPromoted: false });
  });

  it('begins with the first template as the promoted one', () => {
    expect(planRollout(canary(), one, undefined)).toMatchObject({
      promoted: undefined,
      record: one,
      status: { stableRevision: one.revision, canaryRevision: one.revision, phase: 'Idle' },
    });
  });

  it('gives a change to the canary alone', () => {
    expect(planRollout(canary({ traffic: 'Weights' }), two, one)).toMatchObject({
      promoted: one.template,
      canaryIsPromoted: false,
      record: one,
      status: {
        stableRevision: one.revision,
        canaryRevision: two.revision,
        phase: 'Progressing',
        traffic: 'Weights',
      },
    });
  });

  it('promotes exactly the revision that its author names', () => {
    expect(planRollout(canary({ promote: two.revision }), two, one)).toMatchObject({
      promoted: undefined,
      record: two,
      status: { phase: 'Idle', stableRevision: two.revision },
    });
    expect(planRollout(canary({ promote: 'another' }), two, one)).toMatchObject({
      promoted: one.template,
      status: { phase: 'Progressing' },
    });
  });

  it('takes the canary back to the promoted template when its author aborts that revision', () => {
    expect(planRollout(canary({ abort: two.revision }), two, one)).toMatchObject({
      promoted: one.template,
      canaryIsPromoted: true,
      record: one,
      status: { phase: 'Aborted', canaryRevision: two.revision },
    });
    expect(planRollout(canary({ abort: 'another' }), two, one).status?.phase).toBe('Progressing');
  });
});

describe('the record of what was promoted', () => {
  const server = storedServer();
  const stored = (record: KubeObject): KubeObject => structuredClone(record);

  it('gives back the template that was put in', () => {
    const record = stored(rolloutRecord(server, one, []));
    expect(promotedTemplate([record])).toEqual(one);
    expect(promotedTemplate([])).toBeUndefined();
  });

  it('is the newest one, also where an older template is promoted again', () => {
    const first = stored(rolloutRecord(server, one, []));
    const second = stored(rolloutRecord(server, two, [first]));
    expect(promotedTemplate([second, first])).toEqual(two);
    const again = stored(rolloutRecord(server, one, [first, second]));
    expect(promotedTemplate([second, again])).toEqual(one);
  });

  it('stays as it is while it is the newest', () => {
    const first = stored(rolloutRecord(server, one, []));
    expect(stored(rolloutRecord(server, one, [first]))).toEqual(first);
  });
});
