import { describe, expect, it } from '@jest/globals';
import { Chart } from 'cdk8s';
import { stackOrder } from '#render/stack-order.ts';
import { synthesise, type Program } from '#render/synthesise.ts';
import { anObject, wholePlatform } from './programs.ts';

const orderOf = (program: Program) => Object.fromEntries(stackOrder(synthesise(program)));

describe('stackOrder', () => {
  it('lets servers wait for their kinds and for the operator, and nothing for the sentinel', () => {
    expect(orderOf(wholePlatform('notes'))).toEqual({
      bootstrap: [],
      platform: [],
      sentinel: [],
      'team-a': ['bootstrap', 'platform'],
    });
  });

  it('lets a stack wait for the one that makes its namespace', () => {
    const order = orderOf((app) => {
      anObject(new Chart(app, 'late'), 'b', { metadata: { name: 'b', namespace: 'a' } });
      anObject(new Chart(app, 'early'), 'a', { kind: 'Namespace' });
    });
    expect(order).toEqual({ late: ['early'], early: [] });
  });

  it('does as the program says, of a chart or of anything in it', () => {
    const order = orderOf((app) => {
      const [one, two, three] = ['one', 'two', 'three'].map((id) => new Chart(app, id));
      const [a, b, c] = [one, two, three].map((chart, at) => chart && anObject(chart, `o${at}`));
      if (one && two) two.addDependency(one);
      if (b && c) c.addDependency(b);
      a?.addDependency();
    });
    expect(order).toEqual({ one: [], two: ['one'], three: ['two'] });
  });

  it('takes a group for itself, and not for the end of another', () => {
    const order = orderOf((app) => {
      const metadata = { name: 'things.part.example.org' };
      anObject(new Chart(app, 'kinds'), 'a', {
        apiVersion: 'apiextensions.k8s.io/v1',
        kind: 'CustomResourceDefinition',
        metadata,
      });
      anObject(new Chart(app, 'other'), 'b', { apiVersion: 'example.org/v1', kind: 'Whole' });
      anObject(new Chart(app, 'same'), 'c', { apiVersion: 'part.example.org/v1', kind: 'Thing' });
    });
    expect(order).toEqual({ kinds: [], other: [], same: ['kinds'] });
  });
});
