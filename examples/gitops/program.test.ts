import { describe, expect, it } from '@jest/globals';
import { matchers, type PlatformMatchers } from '@mcp-runtime/platform/testing';
import program from './program.ts';

declare module 'expect' {
  // Its type parameter has to have the name that it has there.
  // eslint-disable-next-line @typescript-eslint/no-empty-object-type
  interface Matchers<R> extends PlatformMatchers<R> {}
}
expect.extend(matchers);

const call = { server: 'catalogue', human: 'user-1', agent: 'agent-1', teams: ['librarians'] } as const;

describe('the library', () => {
  it('keeps the rules of the house', () => {
    expect(program).toHaveAGrantForEveryServer();
    expect(program).toRunExactImages();
    expect(program).toWriteNoSecrets();
    expect(program).toRaiseNoWarnings();
  });

  it('lends books and discards none', () => {
    expect(program).toAllow({ ...call, tool: 'lend' });
    expect(program).toDeny({ ...call, tool: 'discard' });
  });
});
