// That memory of buffers is given back when it is said, and only where nobody else has it.
import { describe, expect, it } from '@jest/globals';
import { freeBuffer } from '#runtime/proxy/free-buffer.ts';

const MIB = 1024 * 1024;

describe('freeBuffer', () => {
  it('gives back the memory of a buffer at once', () => {
    const buffer = Buffer.allocUnsafeSlow(64 * MIB);
    const before = process.memoryUsage().arrayBuffers;
    expect(freeBuffer(buffer)).toBe(64 * MIB);
    expect(before - process.memoryUsage().arrayBuffers).toBeGreaterThan(63 * MIB);
    expect([buffer.length, freeBuffer(buffer)]).toEqual([0, 0]);
  });

  it('leaves memory alone that others have a part of', () => {
    const whole = Buffer.alloc(10_000, 'a');
    const part = whole.subarray(0, 9_999);
    expect(freeBuffer(part)).toBe(0);
    expect(whole.toString()).toBe('a'.repeat(10_000));
    const shared = Buffer.from(new SharedArrayBuffer(10_000));
    expect([freeBuffer(shared), shared.length]).toEqual([0, 10_000]);
  });

  it('leaves small ones to be found', () => {
    const small = Buffer.allocUnsafeSlow(1_000).fill('a');
    expect([freeBuffer(small), small.toString()]).toEqual([0, 'a'.repeat(1_000)]);
  });
});
