// What a bundled registry stands on: its namespace, its volume, and who reaches it. Images are pulled by nodes, which
// no selector names; so its one port is open to all, and who may do what there is asked by the registry.
import { ApiObject } from 'cdk8s';
import { LABELS, PLATFORM } from '#api/labels.ts';
import { clusterScoped } from '#constructs/kit/cluster-scoped.ts';
import {
  IntOrString,
  KubeNamespace,
  KubeNetworkPolicy,
  KubeService,
  KubeServiceAccount,
} from '#constructs/kit/kubernetes.ts';
import { addDefaultDeny, DEFAULT_DENY, policyPort } from '#constructs/kit/network.ts';
import { RESTRICTED_NAMESPACE } from '#constructs/kit/security.ts';
import type { Construct } from 'constructs';
import { REGISTRY, REGISTRY_PORTS, REGISTRY_SELECTOR, registryMetadata } from './names.ts';
import type { BundledRegistry } from './registry-settings.ts';

export function addRegistryNamespace(scope: Construct, { namespace }: BundledRegistry): void {
  const labels = { [LABELS.partOf]: PLATFORM, ...RESTRICTED_NAMESPACE };
  clusterScoped(new KubeNamespace(scope, 'namespace', { metadata: { name: namespace, labels } }));
}

export function addRegistryAccount(scope: Construct, { namespace }: BundledRegistry): void {
  const metadata = registryMetadata(namespace);
  new KubeServiceAccount(scope, 'service-account', { metadata, automountServiceAccountToken: false });
}

export function addRegistryVolume(scope: Construct, { namespace, storage }: BundledRegistry): void {
  new ApiObject(scope, 'volume', {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: registryMetadata(namespace),
    spec: {
      accessModes: ['ReadWriteOnce'],
      storageClassName: storage.storageClass,
      resources: { requests: { storage: storage.size } },
    },
  });
}

export function addRegistryNetwork(scope: Construct, { namespace, nodePort }: BundledRegistry): void {
  addDefaultDeny(scope, registryMetadata(namespace, DEFAULT_DENY));
  new KubeNetworkPolicy(scope, 'network-policy', {
    metadata: registryMetadata(namespace),
    spec: {
      podSelector: { matchLabels: { ...REGISTRY_SELECTOR } },
      policyTypes: ['Ingress'],
      ingress: [{ ports: [policyPort(REGISTRY_PORTS.api), policyPort(REGISTRY_PORTS.metrics)] }],
    },
  });
  const targetPort = IntOrString.fromString('api');
  new KubeService(scope, 'service', {
    metadata: registryMetadata(namespace, REGISTRY),
    spec: {
      type: nodePort === undefined ? 'ClusterIP' : 'NodePort',
      selector: { ...REGISTRY_SELECTOR },
      ports: [{ name: 'api', port: REGISTRY_PORTS.api, targetPort, nodePort }],
    },
  });
}
