import { describe, expect, it } from '@jest/globals';
import { aChart, aServer, manifestOfKind, refusal, sessionProps } from '../build.ts';

const rendered = (props: Parameters<typeof sessionProps>[0]) => {
  const chart = aChart();
  aServer(chart).session('demo', sessionProps(props));
  return manifestOfKind(chart, 'MCPAgentSession');
};

describe('AgentSession', () => {
  it('renders whose consent it is, and until when', () => {
    const upstreamToken = { secret: 'notes-token', key: 'token' };
    expect(rendered({ subject: { human: 'user-1', agent: 'agent-1' }, upstreamToken })).toMatchSnapshot();
  });

  it('never says that it is not revoked', () => {
    expect(rendered({}).spec).not.toHaveProperty('revoked');
    expect(rendered({ revoked: true }).spec).toHaveProperty('revoked', true);
  });

  it('writes every way of giving a time in one way', () => {
    const given = [
      new Date(Date.UTC(2030, 0, 2, 3, 4, 5, 678)),
      '2030-01-02T03:04:05Z',
      '2030-01-02T05:04:05+02:00',
    ];
    for (const expiresAt of given) {
      expect(rendered({ expiresAt }).spec).toHaveProperty('expiresAt', '2030-01-02T03:04:05Z');
    }
  });
});

describe('AgentSession, given bad input,', () => {
  it('says everything that is wrong at once', () => {
    const props = sessionProps({ subject: {}, expiresAt: 'tomorrow', ttlSecondsAfterExpired: -1 });
    const error = refusal(() => aServer(aChart()).session('demo', props));
    expect(error.constructPath).toBe('demo/notes/sessions/demo');
    expect(error.problems.map(({ path }) => path)).toEqual([
      'expiresAt',
      'spec.ttlSecondsAfterExpired',
      'spec.subject',
    ]);
  });

  it.each(['2030-01-01', '2030-01-01T00:00:00', '8h', '', '2030-13-01T00:00:00Z', '2030-02-30T00:00:00Z'])(
    'refuses %p, which is no point in time that is the same everywhere',
    (expiresAt) => {
      const error = refusal(() => aServer(aChart()).session('demo', sessionProps({ expiresAt })));
      expect(error.problems.map(({ path }) => path)).toEqual(['expiresAt']);
    },
  );

  it('refuses a date that is none', () => {
    const expiresAt = new Date(Number.NaN);
    const error = refusal(() => aServer(aChart()).session('demo', sessionProps({ expiresAt })));
    expect(error.problems.map(({ path }) => path)).toEqual(['expiresAt']);
  });
});
