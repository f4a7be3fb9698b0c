import { describe, expect, it } from '@jest/globals';
import { matchers, synth, type PlatformMatchers } from '@mcp-runtime/platform/testing';
import program from './program.ts';

declare module 'expect' {
  // Its type parameter has to have the name that it has there.
  // eslint-disable-next-line @typescript-eslint/no-empty-object-type
  interface Matchers<R> extends PlatformMatchers<R> {}
}
expect.extend(matchers);

const support = synth(program);
const member = { human: 'user-1', agent: 'agent-1', teams: ['support'] } as const;
const lead = { human: 'user-2', agent: 'agent-1', teams: ['support', 'support-leads'] } as const;

describe('the support team', () => {
  it('has five servers that keep the rules of the house', () => {
    const names = support.synthesised.servers.map(({ name }) => name);
    expect(names).toEqual(['tickets', 'orders', 'customers', 'manuals', 'status']);
    expect(support).toHaveAGrantForEveryServer();
    expect(support).toRunExactImages();
    expect(support).toWriteNoSecrets();
    expect(support).toRaiseNoWarnings();
  });

  it('reads everything', () => {
    expect(support).toAllow({ ...member, server: 'tickets', tool: 'find' });
    expect(support).toAllow({ ...member, server: 'status', tool: 'now' });
    expect(support).toDeny({ human: 'user-3', agent: 'agent-1', server: 'status', tool: 'now' });
  });

  it('answers customers, and lets only its leads give money back', () => {
    expect(support).toAllow({ ...member, server: 'tickets', tool: 'answer' });
    expect(support).toDeny({ ...member, server: 'orders', tool: 'refund' });
    expect(support).toAllow({ ...lead, server: 'orders', tool: 'refund' });
  });
});
