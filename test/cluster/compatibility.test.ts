// Manifests as users of the Go system have them, applied with kubectl as they are: the same Deployments, Services,
// Ingresses and ConfigMaps come out of them, and nobody but their author ever writes their spec.
import { beforeAll, describe, expect, it } from '@jest/globals';
import { LEGACY_MANIFESTS, type LegacyManifest } from './legacy-manifests.ts';
import { cluster } from './harness/cluster.ts';
import { eventually } from './harness/eventually.ts';
import { makeNamespace, namespace } from './harness/namespace.ts';
import { at, byName, conditionOf, items, type KubeObject } from './harness/objects.ts';

const world = cluster();
const ns = namespace('compatible');

/** Where the servers of this file are reached; routes are claimed in the whole cluster, so the host is its own. */
const host = `${ns}.example.org`;
const manifests = LEGACY_MANIFESTS.map(({ manifest, ...rest }) => ({
  ...rest,
  manifest: manifest.replaceAll('HOST', host),
}));

const apply = (manifest: string, where: string) =>
  world.kubectl(['apply', '-n', where, '-f', '-'], { input: manifest });

/** The server, once its status speaks of its spec and its pods run. */
const settled = (name: string, where = ns): Promise<KubeObject> =>
  eventually(`${name} runs`, async () => {
    const server = await world.must('MCPServer', name, where);
    expect(at(server, 'status', 'observedGeneration')).toBe(server.metadata.generation);
    expect(conditionOf(server, 'DeploymentReady')).toMatchObject({ status: 'True' });
    return server;
  });

/** Spec of each server as kubectl made it. */
const written = new Map<string, unknown>();

beforeAll(async () => {
  for (const { name, manifest } of manifests) {
    await apply(manifest, ns);
    written.set(name, at(await world.must('MCPServer', name, ns), 'spec'));
  }
});

const containers = (deployment: unknown) => items(deployment, 'spec', 'template', 'spec', 'containers');

function valuesOf(container: unknown): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    items(container, 'env').map((each) => [
      String(at(each, 'name')),
      at(each, 'value') ?? at(each, 'valueFrom'),
    ]),
  );
}

async function servingShape(name: string) {
  const [deployment, canary, service, ingress] = await Promise.all([
    world.must('Deployment', name, ns),
    world.get('Deployment', `${name}-canary`, ns),
    world.must('Service', name, ns),
    world.must('Ingress', name, ns),
  ]);
  const proxy = byName(containers(deployment), 'mcp-gateway');
  return {
    deployment,
    canary,
    server: byName(containers(deployment), name),
    proxy,
    proxyEnv: proxy === undefined ? undefined : valuesOf(proxy),
    service: { annotations: service.metadata.annotations ?? {}, spec: service['spec'] },
    ingress: { annotations: ingress.metadata.annotations ?? {}, spec: ingress['spec'] },
  };
}

describe.each(manifests)('a manifest of the Go system: $what', ({ name, shape, resolved }) => {
  it('gets the shape that it had', async () => {
    await settled(name);
    expect(await servingShape(name)).toMatchObject(shape(host));
  });

  it('shows in status all that follows from it', async () => {
    const server = await settled(name);
    expect(at(server, 'status', 'resolved')).toEqual({ serviceAccount: name, ...resolved(host) });
  });

  it('keeps the spec that its author wrote', async () => {
    const server = await settled(name);
    expect(at(server, 'spec')).toEqual(written.get(name));
    expect(server.metadata.generation).toBe(1);
    const writers = (server.metadata.managedFields ?? []).flatMap(({ manager, fieldsV1 }) =>
      at(fieldsV1, 'f:spec') === undefined ? [] : [manager],
    );
    expect(writers).toEqual(['kubectl-client-side-apply']);
  });

  it('has what every server has: labels, selectors, owner and pod security', async () => {
    await settled(name);
    const server = await world.must('MCPServer', name, ns);
    const owner = { kind: 'MCPServer', name, uid: server.metadata.uid, controller: true };
    const labels = { app: name, 'app.kubernetes.io/managed-by': 'mcp-runtime' };
    for (const kind of ['Deployment', 'Service', 'Ingress']) {
      const { metadata } = await world.must(kind, name, ns);
      expect(metadata).toMatchObject({ labels, ownerReferences: [owner] });
    }
    const selector = { app: name, 'mcpruntime.org/rollout-track': 'stable' };
    expect(await world.must('Deployment', name, ns)).toMatchObject({
      metadata: { labels: { ...labels, ...selector } },
      spec: {
        selector: { matchLabels: selector },
        template: {
          metadata: { labels: { ...labels, ...selector } },
          spec: {
            automountServiceAccountToken: false,
            securityContext: {
              runAsNonRoot: true,
              runAsUser: 65532,
              seccompProfile: { type: 'RuntimeDefault' },
            },
          },
        },
      },
    });
    expect(at(await world.must('Service', name, ns), 'spec', 'selector')).toEqual(labels);
  });
});

const governed = (manifest: LegacyManifest) => /gateway: \{enabled: true/.test(manifest.manifest);

describe('the policy of a server', () => {
  it.each(manifests.filter(governed))('is in its ConfigMap: $name', async ({ name }) => {
    const server = await settled(name);
    const map = await world.must('ConfigMap', `${name}-gateway-policy`, ns);
    expect(map.metadata).toMatchObject({
      labels: { app: name, 'app.kubernetes.io/managed-by': 'mcp-runtime' },
      ownerReferences: [{ kind: 'MCPServer', name, uid: server.metadata.uid }],
    });
    const text = at(map, 'data', 'policy.json');
    if (typeof text !== 'string') throw new Error('there is no policy.json');
    const document: unknown = JSON.parse(text);
    expect(document).toMatchObject({ server: { namespace: ns, name, cluster: 'test' } });
    expect(at(document, 'revision')).toBe(at(server, 'status', 'policyRevision'));
  });

  it('is nowhere while the gateway is off', async () => {
    for (const { name } of manifests.filter((each) => !governed(each))) {
      await settled(name);
      expect(await world.get('ConfigMap', `${name}-gateway-policy`, ns)).toBeUndefined();
    }
  });
});

describe('the operator', () => {
  it('writes nothing of a server but its status', async () => {
    for (const { name } of manifests) await settled(name);
    const writes = world.audit.read({
      user: world.operatorUser,
      resource: 'mcpservers',
      namespace: ns,
      writes: true,
    });
    expect(writes.length).toBeGreaterThanOrEqual(manifests.length);
    expect(writes.filter(({ subresource }) => subresource !== 'status')).toEqual([]);
  });

  it('takes the last of several values for a variable, and says so in status and an event', async () => {
    const server = await settled('mail');
    const message = /spec\.envVars\[0\] has no effect: spec\.envVars\[2\] sets REGION once more/;
    expect(conditionOf(server, 'SpecHonoured')).toMatchObject({
      status: 'False',
      reason: 'PartlyIgnored',
      message: expect.stringMatching(message),
    });
    const { stdout } = await eventually('the event is there', async () => {
      const events = await world.kubectl([
        'events',
        '-n',
        ns,
        '--for',
        'mcpserver/mail',
        '--types',
        'Warning',
      ]);
      return events.stdout.includes('SpecWarning') && events;
    });
    expect(stdout).toContain('spec.envVars[0] has no effect: spec.envVars[2] sets REGION once more');
  });

  it('says of a manifest that has all its effects that it has', async () => {
    expect(conditionOf(await settled('payments'), 'SpecHonoured')).toMatchObject({ status: 'True' });
  });
});

describe("the pull secret of the platform's registry", () => {
  const own = (name: string, more = '') =>
    `{apiVersion: mcpruntime.org/v1alpha1, kind: MCPServer, metadata: {name: ${name}}, spec: {image: example.org/a:1, ingressHost: ${name}.${host}${more}}}`;

  it("is made of the operator's credentials in the namespace of the server", async () => {
    await settled('payments');
    const secret = await world.must('Secret', 'mcp-runtime-registry-pull', ns);
    expect(secret['type']).toBe('kubernetes.io/dockerconfigjson');
    expect(secret.metadata.ownerReferences).toBeUndefined();
    const encoded = at(secret, 'data', '.dockerconfigjson');
    const config: unknown = JSON.parse(Buffer.from(String(encoded), 'base64').toString());
    const [username, password] = ['puller', 'of-the-test-registry'];
    const auth = Buffer.from(`${username}:${password}`).toString('base64');
    expect(config).toEqual({ auths: { 'registry.example.org:5000': { username, password, auth } } });
  });

  it('is not made where the author names others', async () => {
    const where = `${ns}-named`;
    await makeNamespace(where);
    await apply(own('named', ', imagePullSecrets: [mine]'), where);
    await settled('named', where);
    expect(await world.list('Secret', where)).toEqual([]);
    await world.delete('Namespace', where);
  });

  it('takes the place of one with other contents, and survives its servers', async () => {
    const where = `${ns}-shared`;
    await makeNamespace(where);
    const name = 'mcp-runtime-registry-pull';
    const data = { '.dockerconfigjson': Buffer.from('{"auths":{}}').toString('base64') };
    await world.create({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name, namespace: where },
      type: 'kubernetes.io/dockerconfigjson',
      data,
    });
    await apply(own('shared'), where);
    await settled('shared', where);
    const right = at(await world.must('Secret', name, ns), 'data');
    expect(at(await world.must('Secret', name, where), 'data')).toEqual(right);
    await world.kubectl(['delete', 'mcpserver', 'shared', '-n', where, '--cascade=foreground']);
    expect(await world.list('Deployment', where)).toEqual([]);
    expect(at(await world.must('Secret', name, where), 'data')).toEqual(right);
    await world.delete('Namespace', where);
  });
});
