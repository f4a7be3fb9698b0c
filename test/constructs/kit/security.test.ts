import { describe, expect, it } from '@jest/globals';
import { containerSecurity, podSecurity } from '#constructs/kit/security.ts';

describe('the security of a container', () => {
  it('has a root file system that cannot change, unless a reason is given', () => {
    expect(containerSecurity().readOnlyRootFilesystem).toBe(true);
    const reason = 'The image writes beside its files.';
    expect(containerSecurity({ writableRoot: { reason } }).readOnlyRootFilesystem).toBe(false);
  });

  it('is not left without a reason', () => {
    expect(() => containerSecurity({ writableRoot: { reason: ' ' } })).toThrow(/reason/);
  });

  it('gives up nothing else for that', () => {
    const { readOnlyRootFilesystem: strict, ...hardened } = containerSecurity();
    const { readOnlyRootFilesystem: loose, ...exempt } = containerSecurity({ writableRoot: { reason: 'r' } });
    expect([strict, loose]).toEqual([true, false]);
    expect(exempt).toEqual(hardened);
  });

  it('is that of a pod which never is root', () => {
    expect(podSecurity()).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } });
  });
});
