import { describe, expect, it } from '@jest/globals';
import { SideEffect } from '#api/side-effect.ts';
import { AccessGrant } from '#constructs/access/access-grant.ts';
import { ServerRef } from '#constructs/access/server-ref.ts';
import { Subject } from '#constructs/access/subject.ts';
import { ToolRule } from '#constructs/access/tool-rule.ts';
import { aChart, aServer, grantProps, manifestOfKind, refusal } from '../build.ts';

const rendered = (props: Parameters<typeof grantProps>[0]) => {
  const chart = aChart();
  aServer(chart).grant('editors', grantProps(props));
  return manifestOfKind(chart, 'MCPAccessGrant');
};

describe('AccessGrant', () => {
  it('renders who may do what, with the defaults of list items written out', () => {
    const tools = [ToolRule.allow('look'), ToolRule.deny('destroy', { condition: 'args.all == true' })];
    expect(
      rendered({ subject: { human: 'user-1', agent: 'agent-1', team: 'lab' }, tools }),
    ).toMatchSnapshot();
  });

  it('never says that it is not disabled', () => {
    expect(rendered({ disabled: false }).spec).not.toHaveProperty('disabled');
    expect(rendered({ disabled: true }).spec).toHaveProperty('disabled', true);
  });

  it('has words for subjects that cannot be named', () => {
    expect(rendered({ subject: Subject.ANY_VERIFIED }).spec).toMatchObject({ subject: {} });
    expect(rendered({ subject: Subject.ANONYMOUS }).spec).toMatchObject({ subject: { anonymous: true } });
  });

  it('can be about a server of another program, whose tools it does not know', () => {
    const chart = aChart();
    const server = ServerRef.named('team-b', 'search');
    new AccessGrant(chart, 'searchers', { server, ...grantProps({ tools: [ToolRule.allow('find')] }) });
    expect(manifestOfKind(chart, 'MCPAccessGrant')).toMatchObject({
      metadata: { namespace: 'team-b' },
      spec: { serverRef: { name: 'search', namespace: 'team-b' } },
    });
  });
});

describe('AccessGrant, given bad input,', () => {
  it('names the construct, the unknown tools and the tools there are', () => {
    const tools = [ToolRule.allow('lock'), ToolRule.allow('look'), ToolRule.deny('destory')];
    const error = refusal(() => aServer(aChart()).grant('editors', grantProps({ tools })));
    expect(error.constructPath).toBe('demo/notes/grants/editors');
    expect(error.problems).toEqual([
      {
        path: 'tools[0].name',
        message: 'server notes has no tool "lock"; it declares look, change, destroy; did you mean "look"?',
      },
      {
        path: 'tools[2].name',
        message:
          'server notes has no tool "destory"; it declares look, change, destroy; did you mean "destroy"?',
      },
    ]);
  });

  it('says what no schema and what the schema refuses at once', () => {
    const subject = { human: '' };
    const sideEffects = [SideEffect.READ, SideEffect.READ];
    const error = refusal(() => aServer(aChart()).grant('Editors', grantProps({ subject, sideEffects })));
    expect(error.problems.map(({ path }) => path)).toEqual([
      'subject',
      'metadata.name',
      'spec.allowedSideEffects[1]',
    ]);
  });

  it('refuses an empty subject, which would mean every verified caller', () => {
    const [problem] = refusal(() => aServer(aChart()).grant('all', grantProps({ subject: {} }))).problems;
    expect(problem?.message).toContain('Subject.ANY_VERIFIED');
  });
});
