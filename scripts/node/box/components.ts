// The programs of a node, as they are started: from files that were written before, with a user of the API server each.
import { statfsSync, writeFileSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { ADMIN, type User } from '../../engines/control-plane-files.ts';
import type { ProcessSpec } from '../../engines/processes.ts';
import { NODE_NAME } from '../addresses.ts';
import { contourArgs, contourText } from '../ingress-files.ts';
import { containerdText, dnsText, kubeletText, networkText } from '../node-files.ts';
import type { BoxPlan } from './box-plan.ts';

export const NODE_USERS = {
  kubelet: { name: `system:node:${NODE_NAME}`, groups: ['system:nodes'] },
  proxy: { name: 'system:kube-proxy', groups: [] },
  dns: { name: 'coredns', groups: ADMIN.groups },
  contour: { name: 'contour', groups: ADMIN.groups },
} as const satisfies Record<string, User>;

/** What statfs says of a file system that can't carry another overlay. */
const OVERLAY = 0x794c7630;

export function snapshotterFor(folder: string): 'overlayfs' | 'native' {
  return statfsSync(folder).type === OVERLAY ? 'native' : 'overlayfs';
}

function write(file: string, text: string): string {
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, text, { mode: 0o600 });
  return file;
}

export function containerdSpec({ addresses, folder }: BoxPlan): ProcessSpec {
  const networks = path.join(folder, 'networks');
  write(path.join(networks, '10-pods.conflist'), networkText(addresses));
  const text = containerdText(networks, snapshotterFor(folder));
  const config = write(path.join(folder, 'containerd.toml'), text);
  return { name: 'containerd', program: 'containerd', args: [`--config=${config}`] };
}

/** @param client file of the certificate that the API server shows */
export function kubeletSpec(
  { addresses, folder, engines }: BoxPlan,
  kubeconfig: string,
  client: string,
): ProcessSpec {
  const text = kubeletText(addresses, { client, resolver: '/run/resolv.conf' });
  const config = write(path.join(folder, 'kubelet.yaml'), text);
  const args = [
    `--config=${config}`,
    `--kubeconfig=${kubeconfig}`,
    `--hostname-override=${NODE_NAME}`,
    `--node-ip=${addresses.node}`,
  ];
  return { name: 'kubelet', program: engines.kubelet, args };
}

export function proxySpec({ addresses, engines }: BoxPlan, kubeconfig: string): ProcessSpec {
  const args = [
    `--kubeconfig=${kubeconfig}`,
    `--hostname-override=${NODE_NAME}`,
    '--proxy-mode=iptables',
    `--cluster-cidr=${addresses.pods}`,
    `--bind-address=${addresses.node}`,
    '--oom-score-adj=0',
    // Zero leaves the kernel's own values, which a network namespace may not change.
    '--conntrack-max-per-core=0',
    '--conntrack-min=0',
    '--conntrack-tcp-timeout-established=0s',
    '--conntrack-tcp-timeout-close-wait=0s',
  ];
  return { name: 'kube-proxy', program: engines.kubeProxy, args };
}

export function dnsSpec({ folder, engines }: BoxPlan, kubeconfig: string): ProcessSpec {
  const config = write(path.join(folder, 'Corefile'), dnsText(kubeconfig));
  return { name: 'coredns', program: engines.coredns, args: ['-conf', config] };
}

export function contourSpec(
  { addresses, folder, engines, gateway }: BoxPlan,
  kubeconfig: string,
): ProcessSpec {
  const config = write(path.join(folder, 'contour.yaml'), contourText(gateway));
  return { name: 'contour', program: engines.contour, args: contourArgs(addresses, kubeconfig, config) };
}

/** @param bootstrap file that Contour wrote for it */
export function envoySpec({ envoy }: BoxPlan, bootstrap: string): ProcessSpec {
  const args = ['--config-path', bootstrap, '--service-cluster', 'test', '--service-node', 'test'];
  return { name: 'envoy', program: envoy, args: [...args, '--concurrency', '1', '--log-level', 'warn'] };
}
