import { describe, expect, it } from '@jest/globals';
import { FencedKube } from '#runtime/kube/fenced-kube.ts';
import type { Kube } from '#runtime/kube/kube.ts';
import { CONFIG_MAPS, configMap } from './things.ts';

const map = configMap('notes');

/** Answers everything, and keeps what it was asked for. */
function recordingKube(): { readonly kube: Kube; readonly asked: string[] } {
  const asked: string[] = [];
  const answer =
    <T>(verb: string, value: T) =>
    (): Promise<T> => {
      asked.push(verb);
      return Promise.resolve(value);
    };
  const kube: Kube = {
    get: answer('get', map),
    list: answer('list', [map]),
    create: answer('create', map),
    replace: answer('replace', map),
    replaceStatus: answer('replaceStatus', map),
    apply: answer('apply', map),
    patch: answer('patch', map),
    delete: answer('delete', true),
  };
  return { kube, asked };
}

const WRITES: readonly (readonly [string, (kube: Kube) => Promise<unknown>])[] = [
  ['create', (kube) => kube.create(CONFIG_MAPS, map)],
  ['replace', (kube) => kube.replace(CONFIG_MAPS, map)],
  ['replaceStatus', (kube) => kube.replaceStatus(CONFIG_MAPS, map)],
  ['apply', (kube) => kube.apply(CONFIG_MAPS, map, { manager: 'test' })],
  ['patch', (kube) => kube.patch(CONFIG_MAPS, map.metadata, { type: 'merge', body: {}, manager: 'test' })],
  ['delete', (kube) => kube.delete(CONFIG_MAPS, map.metadata)],
];

describe('a fence', () => {
  it.each(WRITES)(
    'lets %s through while its owner may write, and refuses it afterwards',
    async (verb, write) => {
      const { kube, asked } = recordingKube();
      let may = true;
      const fenced = new FencedKube(kube, () => may);
      await write(fenced);
      expect(asked).toEqual([verb]);
      may = false;
      await expect(write(fenced)).rejects.toMatchObject({
        code: 'unavailable',
        message: expect.stringMatching(/ConfigMap team\/notes: not sent, because .* lease/),
      });
      expect(asked).toEqual([verb]);
    },
  );

  it('lets reads through at any time', async () => {
    const { kube, asked } = recordingKube();
    const fenced = new FencedKube(kube, () => false);
    expect(await fenced.get(CONFIG_MAPS, map.metadata)).toBe(map);
    expect(await fenced.list(CONFIG_MAPS)).toEqual([map]);
    expect(asked).toEqual(['get', 'list']);
  });
});
