// What is in force, whoever brings documents and in whichever order: two distributors and a file, each with a view of
// the cluster of its own that lags behind in any cache, and a proxy that restarts in between.
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { ok } from '#api/result.ts';
import { isOlder, sealPolicy, type PolicyDocument, type PolicyInputs } from '#policy/document.ts';
import { stubOf } from '#policy/policy-file.ts';
import { systemClock } from '#runtime/process/clock.ts';
import { silentLog } from '#runtime/process/log.ts';
import { PolicySource } from '#runtime/proxy/policy/policy-source.ts';
import { eventually } from '../harness/distributor.ts';
import { policyContent } from '../harness/policy.ts';

const HEAD = 6;
const CACHES = ['servers', 'grants', 'sessions', 'tombstones'] as const;
type Cache = (typeof CACHES)[number];
type View = Record<Cache, number>;

/** What everybody would compile from a view: not every change of a cache matters to the server. */
function compiled(view: View): PolicyDocument {
  const inputs: PolicyInputs = {
    servers: String(view.servers),
    grants: String(view.grants),
    sessions: String(view.sessions),
    tombstones: String(view.tombstones),
  };
  const version = `${view.servers}.${Math.floor(view.grants / 2)}.${Math.floor(view.sessions / 3)}`;
  return sealPolicy(policyContent({ policy: { ...policyContent().policy, version } }), inputs, 0);
}

const speakers = ['distributor-1', 'distributor-2', 'file', 'stub'] as const;
const step = fc.oneof(
  fc.record({
    kind: fc.constant('advance' as const),
    who: fc.constantFrom(...speakers),
    cache: fc.constantFrom(...CACHES),
  }),
  fc.record({ kind: fc.constant('offer' as const), who: fc.constantFrom(...speakers) }),
  fc.record({
    kind: fc.constant('current' as const),
    who: fc.constantFrom('distributor-1' as const, 'distributor-2' as const),
  }),
);

const newSource = (keptFile: string) =>
  new PolicySource({
    file: '/nowhere/policy.json',
    keptFile,
    streamed: true,
    clock: systemClock,
    log: silentLog,
  });

class Cluster {
  readonly views: Record<(typeof speakers)[number], View>;

  constructor() {
    const start = { servers: 1, grants: 1, sessions: 1, tombstones: 1 };
    this.views = {
      'distributor-1': { ...start },
      'distributor-2': { ...start },
      file: { ...start },
      stub: { ...start },
    };
  }

  offer(policy: PolicySource, who: (typeof speakers)[number]): void {
    const document = compiled(this.views[who]);
    switch (who) {
      case 'stub':
        policy.offer(ok(stubOf(document)), 'file');
        return;
      case 'file':
        policy.offer(ok(document), 'file');
        return;
      case 'distributor-1':
      case 'distributor-2':
        policy.offer(ok(document), 'stream');
    }
  }
}

describe('the policy in force', () => {
  it('never goes back, changes only for what is newer, and ends at the newest', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const policy = newSource('/nowhere/kept.json');
        const cluster = new Cluster();
        const revisions: string[] = [];
        policy.onSwap(({ document }) => revisions.push(document.revision));
        for (const each of steps) {
          const before = policy.current?.document;
          const view = cluster.views[each.who];
          if (each.kind === 'advance') view[each.cache] = Math.min(HEAD, view[each.cache] + 1);
          else if (each.kind === 'offer') cluster.offer(policy, each.who);
          else policy.hear(compiled(view));
          const after = policy.current?.document;
          if (before !== undefined && after !== undefined) expect(isOlder(before, after)).toBe(false);
        }
        for (const who of ['distributor-1', 'distributor-2', 'stub'] as const) {
          for (const cache of CACHES) cluster.views[who][cache] = HEAD;
          cluster.offer(policy, who);
        }
        expect(policy.current?.document).toEqual(compiled(cluster.views['distributor-1']));
        // Equal neighbours would be a swap for nothing.
        expect(revisions.every((revision, at) => revision !== revisions[at - 1])).toBe(true);
      }),
      { numRuns: 300 },
    );
  });
});

describe('a proxy that restarts', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'order-'));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it('goes on with the newest of several that came at once', async () => {
    const keptFile = path.join(folder, 'state', 'policy.json');
    const first = newSource(keptFile);
    const view = { servers: 1, grants: 1, sessions: 1, tombstones: 1 };
    for (let at = 1; at <= 20; at += 1) first.offer(ok(compiled({ ...view, servers: at })), 'stream');
    const again = newSource(keptFile);
    await eventually(() => {
      again.start();
      again.stop();
      return again.current?.document.inputs.servers === '20';
    });
    expect(again.origin).toBe('kept');
    expect(again.current?.document).toEqual(compiled({ ...view, servers: 20 }));
    again.offer(ok(compiled({ ...view, servers: 19 })), 'file');
    expect(again.current?.document.inputs.servers).toBe('20');
  });
});
