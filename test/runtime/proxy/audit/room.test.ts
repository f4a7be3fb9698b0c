import { describe, expect, it } from '@jest/globals';
import { Room } from '#runtime/proxy/audit/room.ts';

const KIB = 1024;

describe('Room', () => {
  it('is the same memory again, until more of it is needed', () => {
    const room = new Room();
    const first = room.take(10);
    expect(first.length).toBe(10);
    expect(room.take(64 * KIB).buffer).toBe(first.buffer);
    const larger = room.take(200 * KIB);
    expect(larger.buffer).not.toBe(first.buffer);
    expect(room.take(10).buffer).toBe(larger.buffer);
  });

  it('leaves memory to whoever needs it for longer', () => {
    const room = new Room();
    const first = room.take(10);
    room.leave();
    expect(room.take(10).buffer).not.toBe(first.buffer);
  });

  it('keeps no more than a mebibyte', () => {
    const room = new Room();
    const large = room.take(KIB * KIB + 1);
    expect(large.length).toBe(KIB * KIB + 1);
    expect(room.take(10).buffer).not.toBe(large.buffer);
    expect(room.take(KIB * KIB).buffer.byteLength).toBe(KIB * KIB);
  });
});
