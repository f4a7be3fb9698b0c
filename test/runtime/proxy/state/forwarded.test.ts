import { ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { NodeRequest } from '#runtime/proxy/edge/node-request.ts';
import { Exchange } from '#runtime/proxy/exchange.ts';
import { Forwarded } from '#runtime/proxy/state/forwarded.ts';

function exchange(id: number): Exchange {
  const request = new NodeRequest(new Socket());
  return new Exchange(String(id), request, new ServerResponse(request), 0, false);
}

describe('Forwarded', () => {
  it('holds what was added and not removed, in whatever order that happens', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(9), { maxLength: 60 }), (steps) => {
        const forwarded = new Forwarded();
        const exchanges = Array.from({ length: 10 }, (_, id) => exchange(id));
        const held = new Set<string>();
        for (const step of steps) {
          const one = exchanges[step];
          if (one === undefined) continue;
          if (held.delete(one.id)) forwarded.remove(one);
          else {
            held.add(one.id);
            forwarded.add(one, { recheck: () => undefined, drain: () => undefined, giveUp: () => undefined });
          }
          expect(forwarded.size).toBe(held.size);
          for (const each of exchanges) {
            expect(forwarded.some((other) => other === each)).toBe(held.has(each.id));
          }
        }
      }),
    );
  });

  it('cuts by the newest of what was added for one exchange', () => {
    const forwarded = new Forwarded();
    const one = exchange(1);
    const heard: string[] = [];
    const cut = (name: string) => ({
      recheck: () => heard.push(name),
      drain: () => undefined,
      giveUp: () => undefined,
    });
    forwarded.add(one, cut('first'));
    forwarded.add(one, cut('second'));
    for (const each of forwarded.cuts()) each.recheck();
    expect([heard, forwarded.size]).toEqual([['second'], 1]);
  });

  it('cuts all, though each removes itself while it is cut', () => {
    const forwarded = new Forwarded();
    const cut: string[] = [];
    for (let id = 0; id < 5; id += 1) {
      const one = exchange(id);
      const recheck = (): void => {
        cut.push(one.id);
        forwarded.remove(one);
        forwarded.remove(one);
      };
      forwarded.add(one, { recheck, drain: () => undefined, giveUp: () => undefined });
    }
    for (const each of forwarded.cuts()) each.recheck();
    expect([cut.sort(), forwarded.size]).toEqual([['0', '1', '2', '3', '4'], 0]);
  });
});
