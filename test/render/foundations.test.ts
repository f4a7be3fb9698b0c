import { describe, expect, it } from '@jest/globals';
import { Foundations } from '#render/foundations.ts';

const namespace = (name: string) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
const definition = (name: string) => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name },
});

describe('Foundations', () => {
  const foundations = new Foundations<string>();
  foundations.add(namespace('a'), 'namespace a');
  foundations.add(namespace('b'), 'namespace b');
  foundations.add(definition('things.example.org'), 'things');
  foundations.add(definition('parts.example.org'), 'parts');
  foundations.add(definition('things.other.example.org'), 'other things');
  foundations.add({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' } }, 'a ConfigMap');

  const neededBy = (apiVersion: string, namespace?: string) =>
    foundations.neededBy({
      apiVersion,
      kind: 'Any',
      metadata: { name: 'x', ...(namespace && { namespace }) },
    });

  it('are the namespace of an object and all the kinds of its group', () => {
    expect(neededBy('example.org/v1', 'a')).toEqual(['namespace a', 'things', 'parts']);
    expect(neededBy('other.example.org/v1')).toEqual(['other things']);
  });

  it('are none where nobody makes them here', () => {
    expect(neededBy('v1', 'c')).toEqual([]);
    expect(neededBy('v1')).toEqual([]);
    expect(neededBy('org/v1')).toEqual([]);
  });
});
