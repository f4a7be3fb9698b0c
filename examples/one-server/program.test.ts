import { describe, expect, it } from '@jest/globals';
import { synth, matchers, type PlatformMatchers } from '@mcp-runtime/platform/testing';
import program from './program.ts';

declare module 'expect' {
  // Its type parameter has to have the name that it has there.
  // eslint-disable-next-line @typescript-eslint/no-empty-object-type
  interface Matchers<R> extends PlatformMatchers<R> {}
}
expect.extend(matchers);

const call = { server: 'forecast', human: 'user-1', agent: 'agent-1' } as const;

describe('the weather', () => {
  it('keeps the rules of the house', () => {
    expect(synth(program).synthesised.servers).toHaveLength(1);
    expect(program).toHaveAGrantForEveryServer();
    expect(program).toRunExactImages();
    expect(program).toWriteNoSecrets();
    expect(program).toRaiseNoWarnings();
  });

  it('is told to the office, and nobody subscribes', () => {
    expect(program).toAllow({ ...call, tool: 'today', teams: ['office'] });
    expect(program).toDeny({ ...call, tool: 'subscribe', teams: ['office'] });
    expect(program).toDeny({ ...call, tool: 'today' });
  });
});
