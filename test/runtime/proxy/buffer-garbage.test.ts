// That young garbage is collected as often as the buffers of bodies make it necessary, and no oftener.
import { describe, expect, it } from '@jest/globals';
import { BufferGarbage } from '#runtime/proxy/buffer-garbage.ts';

const KIB = 1024;

function collecting(held = 0) {
  const seen = { collections: 0, held };
  const garbage = new BufferGarbage({
    heldBytes: () => seen.held,
    collect: () => (seen.collections += 1),
    leastBytes: 256 * KIB,
  });
  return { garbage, seen };
}

describe('BufferGarbage', () => {
  it('collects after so many bytes, whatever they come in, and then counts anew', () => {
    const { garbage, seen } = collecting();
    for (let body = 0; body < 255; body += 1) garbage.add(KIB);
    expect(seen.collections).toBe(0);
    garbage.add(KIB);
    expect(seen.collections).toBe(1);
    garbage.add(255 * KIB);
    expect(seen.collections).toBe(1);
    garbage.add(900 * KIB);
    expect(seen.collections).toBe(2);
  });

  it('waits while much is still needed, for what is needed would be moved', () => {
    const { garbage, seen } = collecting(1024 * KIB);
    garbage.add(2047 * KIB);
    expect(seen.collections).toBe(0);
    garbage.add(KIB);
    expect(seen.collections).toBe(1);
  });

  it('does nothing where V8 can not be asked', () => {
    const garbage = new BufferGarbage({ heldBytes: () => 0 });
    expect(() => garbage.add(1024 * KIB * KIB)).not.toThrow();
  });
});
