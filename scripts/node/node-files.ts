// What the programs of a node read when they start, as text. Where a value is not the default, the reason is beside it.
import { stringify } from 'yaml';
import type { Addresses } from './addresses.ts';
import { PAUSE_IMAGE } from './own-images.ts';

/** A bridge for pods. Their way out is the node itself, and there is none beyond it. */
export function networkText({ pods }: Addresses): string {
  return JSON.stringify({
    cniVersion: '0.4.0',
    name: 'pods',
    plugins: [
      {
        type: 'bridge',
        bridge: 'pods',
        isGateway: true,
        // A pod that calls a Service may be the one that answers.
        hairpinMode: true,
        ipam: { type: 'host-local', ranges: [[{ subnet: pods }]], routes: [{ dst: '0.0.0.0/0' }] },
      },
      { type: 'portmap', capabilities: { portMappings: true } },
    ],
  });
}

/**
 * @param networks folder of the network's configuration
 * @param snapshotter `overlayfs`, or `native` where the machine's own files lie on an overlay
 */
export function containerdText(networks: string, snapshotter: string): string {
  const text = (value: string) => JSON.stringify(value);
  return `version = 2
# Lowering it takes a capability that root of a sandbox may lack.
oom_score = 0
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = ${text(PAUSE_IMAGE)}
  # The same, for what the kubelet asks for its containers.
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = ${text(snapshotter)}
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = ${text(networks)}
`;
}

export interface KubeletFiles {
  /** Certificate that the API server shows. */
  readonly client: string;
  /** Names no server, so that a name outside the cluster fails at once. */
  readonly resolver: string;
}

export function kubeletText({ node, dns }: Addresses, files: KubeletFiles): string {
  return stringify({
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    address: node,
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: files.client },
    },
    authorization: { mode: 'Webhook' },
    containerRuntimeEndpoint: 'unix:///run/containerd/containerd.sock',
    cgroupDriver: 'cgroupfs',
    failCgroupV1: false,
    failSwapOn: false,
    oomScoreAdj: 0,
    // Raising the limit of open files takes a capability, too.
    maxOpenFiles: 20_000,
    clusterDNS: [dns],
    clusterDomain: 'cluster.local',
    resolvConf: files.resolver,
    // A minute by default, and then a ConfigMap takes up to ninety seconds to reach a pod.
    syncFrequency: '5s',
    // Fits the grace that the controller manager gives a silent node.
    nodeLeaseDurationSeconds: 12,
    nodeStatusUpdateFrequency: '4s',
    // The disk is the machine's, and how full it is says nothing about the node.
    imageGCHighThresholdPercent: 100,
    evictionHard: { 'memory.available': '100Mi', 'nodefs.available': '1%', 'imagefs.available': '1%' },
  });
}

export function dnsText(kubeconfig: string): string {
  return `.:53 {
  errors
  ready
  cache 5
  kubernetes cluster.local in-addr.arpa ip6.arpa {
    kubeconfig ${kubeconfig} test
    pods insecure
  }
}
`;
}

/** Leads queries of pods to the node, where the DNS server listens. */
export function dnsObjects({ node, dns }: Addresses): readonly object[] {
  const ports = [
    { name: 'dns', port: 53, protocol: 'UDP' },
    { name: 'dns-tcp', port: 53, protocol: 'TCP' },
  ];
  const metadata = { name: 'kube-dns', namespace: 'kube-system' };
  return [
    { apiVersion: 'v1', kind: 'Service', metadata, spec: { clusterIP: dns, ports } },
    {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { ...metadata, labels: { 'kubernetes.io/service-name': metadata.name } },
      addressType: 'IPv4',
      ports,
      endpoints: [{ addresses: [node], conditions: { ready: true } }],
    },
  ];
}
