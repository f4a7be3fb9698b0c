// Opens the node to tests: writes the file that tells them where everything is, and takes their commands.
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { NAMESPACES } from '#api/names.ts';
import { OPERATOR } from '#constructs/control-plane/names.ts';
import { PLAIN_USERS } from '../../cluster/cluster-file.ts';
import { ControlEndpoint } from '../../cluster/control-endpoint.ts';
import { ADMIN } from '../../engines/control-plane-files.ts';
import { NODE_NAME } from '../addresses.ts';
import { HTTP_PORT, HTTPS_PORT, INGRESS_CLASS } from '../ingress-files.ts';
import { NODE_FILE, type NodeFile } from '../node-file.ts';
import { boxCommands } from './box-commands.ts';
import type { Box } from './box.ts';

export async function serveCommands(box: Box): Promise<void> {
  const { plan, plane } = box;
  const { node } = plan.addresses;
  const endpoint = new ControlEndpoint(boxCommands(box), node);
  await endpoint.start();
  const users = [ADMIN.name, ...PLAIN_USERS].map(
    (name) => [name, { token: plane.tokenOf(name), kubeconfig: plane.kubeconfigOf(name) }] as const,
  );
  const content: NodeFile = {
    kind: 'box',
    minor: plan.engines.minor,
    url: plane.url,
    ca: plane.ca,
    kubectl: plan.engines.kubectl,
    charts: plan.charts,
    users: Object.fromEntries(users),
    auditLog: plane.auditLog,
    operator: { namespace: NAMESPACES.platform, serviceAccount: OPERATOR.serviceAccount },
    control: { url: endpoint.url, token: endpoint.token },
    node: { name: NODE_NAME, address: node, machine: plan.addresses.machine },
    ingress: {
      url: `http://${node}:${HTTP_PORT}`,
      tlsUrl: `https://${node}:${HTTPS_PORT}`,
      ingressClass: INGRESS_CLASS,
      gateway: plan.gateway,
    },
  };
  writeFileSync(path.join(plan.folder, NODE_FILE), JSON.stringify(content, null, 2), { mode: 0o600 });
}
