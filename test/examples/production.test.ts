import { describe, expect, it } from '@jest/globals';
import program from '#examples/production/program.ts';
import { synthesise } from '#render/synthesise.ts';

describe('examples/production', () => {
  const { charts, servers, warnings } = synthesise(program);

  it('is refused nothing and warned of nothing', () => {
    expect(warnings).toEqual([]);
  });

  it('has the stacks of its environment, and the server of its team', () => {
    expect(charts.map(({ name }) => name)).toEqual([
      'bootstrap',
      'entrance',
      'sentinel',
      'platform',
      'tenant-lab',
    ]);
    expect(servers).toEqual([
      { namespace: 'mcp-team-lab', name: 'notes', path: 'tenant-lab/team/notes', local: undefined },
    ]);
  });
});
