import { describe, expect, it } from '@jest/globals';
import { Turns } from '#runtime/kube/turns.ts';

describe('turns', () => {
  it('let so many work at once, in the order in which they came', async () => {
    const turns = new Turns(2);
    const begun: number[] = [];
    const ends = Array.from({ length: 5 }, () => Promise.withResolvers<number>());
    const work = ends.map(({ promise }, at) =>
      turns.take(() => {
        begun.push(at);
        return promise;
      }),
    );
    expect(begun).toEqual([0, 1]);
    ends[1]?.resolve(1);
    await work[1];
    expect(begun).toEqual([0, 1, 2]);
    ends.forEach(({ resolve }, at) => resolve(at));
    expect(await Promise.all(work)).toEqual([0, 1, 2, 3, 4]);
    expect(begun).toEqual([0, 1, 2, 3, 4]);
  });

  it('go on after work that failed, whose error is passed on', async () => {
    const turns = new Turns(1);
    const failed = turns.take(() => Promise.reject(new Error('no')));
    const next = turns.take(() => Promise.resolve('yes'));
    await expect(failed).rejects.toThrow('no');
    expect(await next).toBe('yes');
    expect(await turns.take(() => Promise.resolve('again'))).toBe('again');
  });
});
