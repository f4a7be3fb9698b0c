// What there is to find or to build: a product is one release that programs are built from, its folder in the cache,
// and how to tell whether a program that the user has will do.
import {
  CONTOUR_RELEASE,
  COREDNS_RELEASE,
  ETCD_RELEASE,
  HELM_RELEASE,
  KUBECONFORM_RELEASE,
  KUBERNETES_RELEASES,
  KWOK_RELEASE,
  type Minor,
} from './versions.ts';

/** How Go builds a product. */
export type Source =
  /** As it was released: the package of its only program. */
  | { readonly how: 'install'; readonly package: string }
  /** A program of ours around a module. */
  | { readonly how: 'main'; readonly module: string; readonly text: string }
  /** See `kubernetesModule`. */
  | { readonly how: 'kubernetes' };

export interface Product {
  readonly name: string;
  readonly release: string;
  readonly programs: readonly string[];
  readonly source: Source;
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
    source: { how: 'kubernetes' },
    versionArgs: (program) => (program === 'kubectl' ? ['version', '--client'] : ['--version']),
    accepts: (text) => text.includes(`v${minor}.`),
    wanted: `${minor}.x`,
  };
}

/** What a node runs beside its containers, of the release of its control plane. */
export function kubernetesNode(minor: Minor): Product {
  return { ...kubernetes(minor), programs: ['kubelet', 'kube-proxy'] };
}

export const etcd: Product = {
  name: 'etcd',
  release: ETCD_RELEASE,
  programs: ['etcd'],
  source: {
    how: 'main',
    module: 'go.etcd.io/etcd/server/v3',
    text:
      'package main\n\nimport (\n\t"os"\n\n\t"go.etcd.io/etcd/server/v3/etcdmain"\n)\n\n' +
      'func main() { etcdmain.Main(os.Args) }\n',
  },
  versionArgs: () => ['--version'],
  accepts: (text) => /etcd Version: 3\.([5-9]|\d\d)\./.test(text),
  wanted: '3.5 or newer',
};

/** The fields of its stages that we use are in every release of the last years; older ones are not tried. */
export const kwok: Product = {
  name: 'kwok',
  release: KWOK_RELEASE,
  programs: ['kwok'],
  source: { how: 'install', package: 'sigs.k8s.io/kwok/cmd/kwok' },
  versionArgs: () => ['--version'],
  accepts: (text) => /v0\.([7-9]|\d\d)\./.test(text),
  wanted: '0.7 or newer',
};

/** In the order in which a query passes them. As it is released it has fifty, which take minutes more to build. */
const DNS_PLUGINS = ['errors', 'ready', 'cache', 'kubernetes'];

function dnsMain(): string {
  const at = 'github.com/coredns/coredns';
  const plugins = DNS_PLUGINS.map((name) => `\t_ "${at}/plugin/${name}"\n`).join('');
  const names = DNS_PLUGINS.map((name) => `"${name}"`).join(', ');
  return (
    `package main\n\nimport (\n\t"${at}/core/dnsserver"\n\t"${at}/coremain"\n${plugins})\n\n` +
    `func init() { dnsserver.Directives = []string{${names}} }\n\nfunc main() { coremain.Run() }\n`
  );
}

export const coredns: Product = {
  name: 'coredns',
  release: COREDNS_RELEASE,
  programs: ['coredns'],
  source: { how: 'main', module: 'github.com/coredns/coredns', text: dnsMain() },
  versionArgs: () => ['-version'],
  accepts: (text) => /CoreDNS-1\.(1\d|[2-9]\d)\./.test(text),
  wanted: '1.10 or newer',
};

/** A controller of Ingress and Gateway API, for Envoy. Its custom resources go with its release, so no other will do. */
export const contour: Product = {
  name: 'contour',
  release: CONTOUR_RELEASE,
  programs: ['contour'],
  source: { how: 'install', package: 'github.com/projectcontour/contour/cmd/contour' },
  versionArgs: () => ['version'],
  accepts: (text) => text.includes(`v${CONTOUR_RELEASE}`),
  wanted: CONTOUR_RELEASE,
};

/** Renders the charts of a program, and says what is wrong with them. */
export const helm: Product = {
  name: 'helm',
  release: HELM_RELEASE,
  programs: ['helm'],
  source: { how: 'install', package: 'helm.sh/helm/v3/cmd/helm' },
  versionArgs: () => ['version', '--short'],
  accepts: (text) => /^v(3\.(1[6-9]|[2-9]\d)|[4-9])/.test(text.trim()),
  wanted: '3.16 or newer',
};

/** Holds manifests against schemas. Built from its module it calls itself `development`, whatever its release. */
export const kubeconform: Product = {
  name: 'kubeconform',
  release: KUBECONFORM_RELEASE,
  programs: ['kubeconform'],
  source: { how: 'install', package: 'github.com/yannh/kubeconform/cmd/kubeconform' },
  versionArgs: () => ['-v'],
  accepts: (text) => /^v0\.([6-9]|\d\d)\./.test(text.trim()),
  wanted: '0.6 or newer',
};
