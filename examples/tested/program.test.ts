// How a team tests its program. With Vitest only the first import is another one, and `declare module 'vitest'`.
import { describe, expect, it } from '@jest/globals';
import { matchers, synth, type PlatformMatchers } from '@mcp-runtime/platform/testing';
import program from './program.ts';

declare module 'expect' {
  // Its type parameter has to have the name that it has there.
  // eslint-disable-next-line @typescript-eslint/no-empty-object-type
  interface Matchers<R> extends PlatformMatchers<R> {}
}
expect.extend(matchers);

const call = { server: 'papers', agent: 'agent-1', session: 'review', at: '2026-01-01T00:00:00Z' } as const;

describe('the research program', () => {
  it('keeps the rules of the house', () => {
    expect(program).toHaveAGrantForEveryServer();
    expect(program).toRunExactImages();
    expect(program).toWriteNoSecrets();
    expect(program).toRaiseNoWarnings();
  });

  it('lets anybody search, and editors annotate', () => {
    expect(program).toAllow({ ...call, tool: 'search', human: 'user-1' });
    expect(program).toAllow({ ...call, tool: 'annotate', human: 'user-1', teams: ['editors'] });
    expect(program).toDeny({ ...call, tool: 'annotate', human: 'user-1' }, 'side_effect_not_allowed');
  });

  it('lets nobody retract, and nobody use the session of another or one that is over', () => {
    expect(program).toDeny({ ...call, tool: 'retract', human: 'user-1', teams: ['editors'] });
    expect(program).toDeny({ ...call, tool: 'search', human: 'user-2' }, 'session_not_found');
    expect(program).toDeny(
      { ...call, tool: 'search', human: 'user-1', at: '2031-01-01T00:00:00Z' },
      'session_expired',
    );
  });

  it('renders what was reviewed', () => {
    expect(synth(program).object('MCPServer', 'papers')).toMatchSnapshot();
  });
});
