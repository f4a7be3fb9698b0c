import { describe, expect, it } from '@jest/globals';
import { ApiObject, Chart } from 'cdk8s';
import { InvalidProgramError } from '#render/invalid-program-error.ts';
import { synthesise, type Program } from '#render/synthesise.ts';
import { aServer, grantProps, sessionProps } from '../constructs/build.ts';

const aNamed = (chart: Chart, id: string, name = id) =>
  new ApiObject(chart, id, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } });

function refusal(program: Program): InvalidProgramError {
  try {
    synthesise(program);
  } catch (error) {
    if (error instanceof InvalidProgramError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

describe('synthesise', () => {
  it('gives the objects of every chart in the order of the program', () => {
    const { charts } = synthesise((app) => {
      const first = new Chart(app, 'first', { namespace: 'team-a' });
      const server = aServer(first);
      server.session('demo', sessionProps());
      server.grant('readers', grantProps());
      aServer(new Chart(app, 'second', { namespace: 'team-b' }), { route: { prefix: 'b' } });
    });
    const paths = charts.map(({ name, objects }) => [name, objects.map(({ path }) => path)]);
    expect(paths).toEqual([
      [
        'first',
        ['first/notes/Resource', 'first/notes/sessions/demo/Resource', 'first/notes/grants/readers/Resource'],
      ],
      ['second', ['second/notes/Resource']],
    ]);
  });

  it('gives a chart inside another its own name and its own objects', () => {
    const { charts } = synthesise((app) => {
      const outer = new Chart(app, 'outer');
      aNamed(new Chart(outer, 'inner'), 'a');
      aNamed(outer, 'b');
    });
    expect(charts.map(({ name, objects }) => [name, objects.length])).toEqual([
      ['outer-inner', 1],
      ['outer', 1],
    ]);
  });

  it('says of every server where it is and how it is started here', () => {
    const local = { command: 'node', args: ['server.ts'] };
    const { servers } = synthesise((app) => {
      const chart = new Chart(app, 'demo', { namespace: 'team-a' });
      aServer(chart, { local });
      aServer(chart, { name: 'renamed' }, 'other');
    });
    expect(servers).toEqual([
      { namespace: 'team-a', name: 'notes', path: 'demo/notes', local },
      { namespace: 'team-a', name: 'renamed', path: 'demo/other', local: undefined },
    ]);
  });

  it('collects what constructs remark', () => {
    const { warnings } = synthesise((app) => {
      const chart = new Chart(app, 'demo', { namespace: 'team-a' });
      aServer(chart).session('endless', sessionProps({ expiresAt: undefined }));
    });
    expect(warnings.map(({ path }) => path)).toEqual(['demo/notes/sessions/endless']);
  });

  it('refuses two objects that are one for the API server, wherever they are made', () => {
    const error = refusal((app) => {
      aServer(new Chart(app, 'one', { namespace: 'team-a' }));
      aServer(new Chart(app, 'two', { namespace: 'team-a' }));
      aServer(new Chart(app, 'three', { namespace: 'team-b' }), { route: { prefix: 'b' } });
    });
    expect(error.problems).toEqual([
      {
        path: 'two/notes/Resource',
        message: 'mcpruntime.org/MCPServer team-a/notes is already made at one/notes/Resource',
      },
    ]);
  });

  it('refuses two charts that would be one file', () => {
    const error = refusal((app) => {
      aNamed(new Chart(app, 'a-b'), 'x');
      aNamed(new Chart(new Chart(app, 'a'), 'b'), 'y');
    });
    expect(error.problems.map(({ message }) => message)).toEqual(['chart a-b is already made at a-b']);
  });

  it('refuses what the program checks late, all of it at once', () => {
    const error = refusal((app) => {
      for (const id of ['one', 'two']) {
        const chart = new Chart(app, id);
        chart.node.addValidation({ validate: () => ['is unfinished'] });
      }
    });
    expect(error.message).toBe('the program has 2 problems:\n  one: is unfinished\n  two: is unfinished');
  });
});
