import { describe, expect, it } from '@jest/globals';
import { Chart, type App } from 'cdk8s';
import { setSettings } from '#constructs/kit/settings.ts';
import * as testing from '@mcp-runtime/platform/testing';
import { matchers, synth, type Call, type PlatformMatchers } from '@mcp-runtime/platform/testing';
import quickstart from '#examples/quickstart/program.ts';
import { aServer, grantProps } from '../constructs/build.ts';
import { anObject, wholePlatform } from '../render/programs.ts';

const inStack = (build: (chart: Chart) => void) => (app: App) => {
  setSettings(app, { internalClasses: ['internal'] });
  build(new Chart(app, 'team', { namespace: 'team-a' }));
};

const saying = ({ pass, message }: testing.MatcherResult) => [pass, message()];

describe('the entry for tests', () => {
  it('is exactly this, because every name is a promise', () => {
    expect(Object.keys(testing).sort()).toEqual([
      'everyServerHasAGrant',
      'imagesAreExact',
      'matchers',
      'noSecretIsWritten',
      'nothingIsPublic',
      'nothingIsWarnedOf',
      'synth',
    ]);
    // Whoever adds a matcher has to give it a type, and the other way round.
    const typed: Record<keyof PlatformMatchers<void>, unknown> = matchers;
    const made: Record<keyof typeof matchers, unknown> = matchers satisfies Record<
      keyof PlatformMatchers<void>,
      unknown
    >;
    expect(typed).toBe(made);
  });

  it('is refused by the compiler where a call with a session has no time', () => {
    // @ts-expect-error whether a session is live depends on the time
    const call: Call = { server: 'notes', tool: 'list_notes', session: 'demo' };
    const later: Call = { server: 'notes', tool: 'list_notes', session: 'demo', at: 'tomorrow' };
    expect(() => synth(quickstart).decide(later)).toThrow('at: tomorrow is no time');
    expect(call.at).toBeUndefined();
  });
});

describe('synth', () => {
  it('gives the objects of a program, and one of them by its name', () => {
    const program = synth(quickstart);
    expect(program.object('MCPServer', 'notes')).toBe(program.object('MCPServer', 'mcp-servers/notes'));
    expect(program.objects).toContain(program.object('MCPAgentSession', 'demo'));
    expect(program.warnings).toEqual([]);
  });

  it('says which object it does not find, or finds twice', () => {
    const program = synth((app) => {
      for (const id of ['team-a', 'team-b']) {
        aServer(new Chart(app, id, { namespace: id }), { route: { prefix: id } });
      }
    });
    expect(() => program.object('MCPServer', 'note')).toThrow('the program has no MCPServer note');
    expect(() => program.decide({ server: 'notes', tool: 'x' })).toThrow(
      'has 2 of MCPServer notes; say namespace/name',
    );
    expect(program.object('MCPServer', 'team-b/notes').metadata.namespace).toBe('team-b');
  });
});

describe('the rules', () => {
  it('find a server without a grant, or with one that gives nothing', () => {
    const program = inStack((chart) => {
      aServer(chart, {}, 'granted').grant('readers', grantProps());
      aServer(chart, {}, 'denied').grant('none', grantProps({ sideEffects: [] }));
      aServer(chart, {}, 'alone');
    });
    expect(testing.everyServerHasAGrant(synth(program))).toEqual([
      'team/denied has no grant that allows anything',
      'team/alone has no grant that allows anything',
    ]);
    expect(saying(matchers.toHaveAGrantForEveryServer(quickstart))).toEqual([
      true,
      'every server has a grant',
    ]);
  });

  it('find what can be reached from outside', () => {
    const program = inStack((chart) => {
      aServer(chart, { route: { ingressClass: 'internal' } }, 'inside');
      aServer(chart, { route: { ingressClass: 'edge' } }, 'outside');
      anObject(chart, 'door', { kind: 'Service', spec: { type: 'NodePort' } });
      anObject(chart, 'room', { kind: 'Service', spec: { type: 'ClusterIP' } });
    });
    expect(testing.nothingIsPublic(synth(program))).toEqual([
      'team/outside is on class edge, which is not internal',
      'Service team-a/door is a NodePort',
    ]);
  });

  it('find images that may be others tomorrow, wherever they are', () => {
    const pod = (image: string) => ({
      containers: [{ name: 'main', image, env: [{ name: 'A', value: 'b:latest' }] }],
    });
    const program = inStack((chart) => {
      aServer(chart, { image: 'example.org/floating' }, 'floating');
      anObject(chart, 'pod', { kind: 'Pod', spec: pod('example.org/pod:latest') });
      anObject(chart, 'job', {
        apiVersion: 'batch/v1',
        kind: 'CronJob',
        spec: { jobTemplate: { spec: { template: { spec: pod('example.org/job:1') } } } },
      });
      anObject(chart, 'web', {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        spec: {
          template: {
            spec: { ...pod('example.org/web:1'), initContainers: pod('example.org/init').containers },
          },
        },
      });
    });
    expect(testing.imagesAreExact(synth(program))).toEqual([
      'example.org/floating:latest may be another one tomorrow; it is used by mcpruntime.org/MCPServer team-a/floating',
      'example.org/init may be another one tomorrow; it is used by apps/Deployment team-a/web, main',
      'example.org/pod:latest may be another one tomorrow; it is used by Pod team-a/pod, main',
    ]);
    expect(matchers.toRunExactImages(wholePlatform('notes')).pass).toBe(true);
  });

  it('find secrets and warnings', () => {
    const program = synth(
      inStack((chart) => {
        anObject(chart, 'token', { kind: 'Secret', stringData: { token: 'of-somebody' } });
        aServer(chart, { image: 'example.org/floating' });
      }),
    );
    expect(testing.noSecretIsWritten(program)).toEqual([
      expect.stringMatching(/^team\/token: .* holds a secret/),
    ]);
    expect(testing.nothingIsWarnedOf(program)).toEqual(
      expect.arrayContaining([expect.stringMatching(/^team\/notes: .*\[floating-image\]$/)]),
    );
  });
});

describe('the matchers of decisions', () => {
  const call = {
    server: 'notes',
    human: 'user-1',
    agent: 'agent-1',
    session: 'demo',
    at: '2026-01-01T00:00:00Z',
  };
  const passes = { ...call, tool: 'add_note' };
  const fails = { ...call, tool: 'purge_notes' };

  it('decide as the proxy would', () => {
    expect(saying(matchers.toAllow(quickstart, passes))).toEqual([
      true,
      'add_note of notes by user-1, agent-1 in session demo: allow, allowed',
    ]);
    expect(matchers.toDeny(quickstart, passes).pass).toBe(false);
    expect(matchers.toDeny(quickstart, fails).pass).toBe(true);
    expect(matchers.toAllow(quickstart, fails).pass).toBe(false);
  });

  it('ask for a reason where one is given', () => {
    expect(matchers.toDeny(quickstart, fails, 'tool_denied').pass).toBe(true);
    expect(saying(matchers.toDeny(quickstart, fails, 'trust_too_low'))).toEqual([
      false,
      'purge_notes of notes by user-1, agent-1 in session demo: deny, tool_denied',
    ]);
  });

  it('take the assurance of the server, unless another is given', () => {
    const open = { server: 'everything', tool: 'echo', teams: ['lab', 'other'], human: 'user-2' };
    const decide = (assurance?: 'anonymous' | 'verified') =>
      synth(quickstart).decide({ ...open, ...(assurance && { assurance }) }).reason;
    expect([decide(), decide('verified'), decide('anonymous')]).toEqual([
      'allowed',
      'allowed',
      'missing_identity',
    ]);
    const second = { ...open, teams: ['other', 'lab'] };
    expect(synth(quickstart).decide(second).reason).toBe('no_matching_grant');
  });
});
