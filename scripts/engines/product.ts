// What there is to find or to build: a product is one release that programs are built from, its folder in the cache,
// and how to tell whether a program that the user has will do.
import { ETCD_RELEASE, KUBERNETES_RELEASES, KWOK_RELEASE, type Minor } from './versions.ts';

export type ProductName = 'etcd' | 'kubernetes' | 'kwok';

export interface Product {
  readonly name: ProductName;
  readonly release: string;
  readonly programs: readonly string[];
  /** Arguments after which a program says its version. */
  readonly versionArgs: (program: string) => readonly string[];
  /** Whether a program that says this will do. */
  readonly accepts: (versionText: string) => boolean;
  /** Which releases do, for people. */
  readonly wanted: string;
}

/** A control plane is of one minor; which patch does not matter to what is tested. */
export function kubernetes(minor: Minor): Product {
  return {
    name: 'kubernetes',
    release: KUBERNETES_RELEASES[minor],
    programs: ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kubectl'],
    versionArgs: (program) => (program === 'kubectl' ? ['version', '--client'] : ['--version']),
    accepts: (text) => text.includes(`v${minor}.`),
    wanted: `${minor}.x`,
  };
}

export const etcd: Product = {
  name: 'etcd',
  release: ETCD_RELEASE,
  programs: ['etcd'],
  versionArgs: () => ['--version'],
  accepts: (text) => /etcd Version: 3\.([5-9]|\d\d)\./.test(text),
  wanted: '3.5 or newer',
};

/** The fields of its stages that we use are in every release of the last years; older ones are not tried. */
export const kwok: Product = {
  name: 'kwok',
  release: KWOK_RELEASE,
  programs: ['kwok'],
  versionArgs: () => ['--version'],
  accepts: (text) => /v0\.([7-9]|\d\d)\./.test(text),
  wanted: '0.7 or newer',
};
