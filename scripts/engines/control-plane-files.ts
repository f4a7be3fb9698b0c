// What a control plane reads when it starts: who may come in, what is audited, the keys of service accounts, and how
// each component reaches the API server. All of it lives in one throw-away folder.
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { stringify } from 'yaml';

export interface User {
  readonly name: string;
  readonly groups: readonly string[];
}

/** Components have names of their own, so that the audit log tells whose request it was. */
export const COMPONENTS = {
  controllerManager: { name: 'system:kube-controller-manager', groups: [] },
  scheduler: { name: 'system:kube-scheduler', groups: [] },
  kwok: { name: 'kwok', groups: ['system:masters'] },
} as const satisfies Record<string, User>;

export const ADMIN: User = { name: 'admin', groups: ['system:masters'] };

/** A token for each user, in the form that `--token-auth-file` wants. */
export function writeTokens(file: string, users: readonly User[]): ReadonlyMap<string, string> {
  const tokens = new Map(users.map(({ name }) => [name, randomBytes(16).toString('hex')]));
  const lines = users.map(({ name, groups }) => {
    const all = groups.length === 0 ? '' : `,"${groups.join(',')}"`;
    return `${tokens.get(name) ?? ''},${name},${name}${all}\n`;
  });
  writeFileSync(file, lines.join(''), { mode: 0o600 });
  return tokens;
}

export interface ServiceAccountKeys {
  readonly privateFile: string;
  readonly publicFile: string;
}

export function writeServiceAccountKeys(folder: string): ServiceAccountKeys {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
  const privateFile = path.join(folder, 'service-accounts.key');
  const publicFile = path.join(folder, 'service-accounts.pub');
  writeFileSync(privateFile, privateKey, { mode: 0o600 });
  writeFileSync(publicFile, publicKey);
  return { privateFile, publicFile };
}

/** Who asked for what, of every request, once when it was answered; for a watch also when it began. */
export function writeAuditPolicy(file: string): void {
  const policy = {
    apiVersion: 'audit.k8s.io/v1',
    kind: 'Policy',
    omitStages: ['RequestReceived'],
    rules: [{ level: 'Metadata' }],
  };
  writeFileSync(file, stringify(policy));
}

export function kubeconfigText(url: string, ca: string, user: string, token: string): string {
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      {
        name: 'test',
        cluster: { server: url, 'certificate-authority-data': Buffer.from(ca).toString('base64') },
      },
    ],
    users: [{ name: user, user: { token } }],
    contexts: [{ name: 'test', context: { cluster: 'test', user } }],
    'current-context': 'test',
  });
}

/** The scheduler takes its rate limit from a file only. */
export function schedulerConfigText(kubeconfig: string, qps: number): string {
  return stringify({
    apiVersion: 'kubescheduler.config.k8s.io/v1',
    kind: 'KubeSchedulerConfiguration',
    leaderElection: { leaderElect: false },
    clientConnection: { kubeconfig, qps, burst: 2 * qps },
  });
}

/** A node that kwok plays. Zones differ, so that spread constraints have something to spread over. */
export function nodeObject(name: string, zone: string): object {
  const resources = { cpu: '1k', memory: '1Ti', pods: '100k' };
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name,
      labels: {
        'kubernetes.io/hostname': name,
        'kubernetes.io/os': 'linux',
        'topology.kubernetes.io/zone': zone,
      },
    },
    status: { allocatable: resources, capacity: resources },
  };
}
