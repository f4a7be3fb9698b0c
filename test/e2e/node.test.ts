// What the node does that no played one can: were it to fail here, tests of the platform on it would tell of the node.
import { readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { imageArchive, type ImageFile } from '#scripts/node/image-archive.ts';
import { findProgram, thisMachine } from '#scripts/node/requirements.ts';
import { becomes, make } from '#test/cluster/harness/builders.ts';
import { cluster } from '#test/cluster/harness/cluster.ts';
import { eventually, until } from '#test/cluster/harness/eventually.ts';
import { namespace } from '#test/cluster/harness/namespace.ts';
import { at, byName, conditionOf, items, type KubeObject } from '#test/cluster/harness/objects.ts';
import { describeOwnNode, node } from './harness/node.ts';
import { aShell, inPod, logsOf, readyPod, serving } from './harness/pods.ts';

const ns = namespace('node');

const shellOf = (pod: KubeObject) => byName(items(pod, 'status', 'containerStatuses'), 'shell');

function aService(name: string): KubeObject {
  const spec = { selector: { app: name }, ports: [{ port: 80, targetPort: 8080 }] };
  return { apiVersion: 'v1', kind: 'Service', metadata: { name, namespace: ns }, spec };
}

const textAt = async (url: string, headers: Record<string, string> = {}) =>
  (await fetch(url, { headers })).text();

describe('a pod', () => {
  it('runs, is reached by address, Service and name, and can be looked into', async () => {
    await make(aShell(ns, 'web', serving('hello')), aService('web'));
    const pod = await readyPod(ns, 'web');
    const service = await cluster().must('Service', 'web', ns);
    const own = `http://${String(at(pod, 'status', 'podIP'))}:8080`;
    // Nothing asks whether it listens before it counts as ready.
    await eventually('it listens', async () => (await textAt(own)) === 'hello\n');
    const address = String(at(service, 'spec', 'clusterIP'));
    await eventually(
      'the Service leads there',
      async () => (await textAt(`http://${address}`)) === 'hello\n',
    );
    const name = `web.${ns}.svc.cluster.local`;
    expect(await inPod(ns, 'web', ['nslookup', name])).toContain(address);
    expect(await inPod(ns, 'web', ['id', '-u'])).toBe('65532\n');
    expect(await logsOf(ns, 'web')).toBe('');
  });

  it('has a token for one audience, that the API server vouches for, and that names its pod', async () => {
    const source = { serviceAccountToken: { audience: 'notes', expirationSeconds: 600, path: 'token' } };
    const volume = { name: 'identity', projected: { sources: [source] } };
    const mounts = { volumeMounts: [{ name: 'identity', mountPath: '/identity' }] };
    await make(aShell(ns, 'token', 'exec sleep 1000', mounts, { volumes: [volume] }));
    const pod = await readyPod(ns, 'token');
    const token = await inPod(ns, 'token', ['cat', '/identity/token']);
    const review = async (audience: string) => {
      const body = {
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'TokenReview',
        spec: { token, audiences: [audience] },
      };
      const answer = await cluster().send('/apis/authentication.k8s.io/v1/tokenreviews', {
        method: 'POST',
        body,
      });
      const json: unknown = JSON.parse(answer.text);
      return at(json, 'status');
    };
    const known = await review('notes');
    expect(at(known, 'authenticated')).toBe(true);
    expect(at(known, 'user', 'username')).toBe(`system:serviceaccount:${ns}:default`);
    const uid = 'authentication.kubernetes.io/pod-uid';
    expect(at(known, 'user', 'extra', uid, 0)).toBe(at(pod.metadata, 'uid'));
    expect(at(await review('others'), 'authenticated')).toBeUndefined();
  });

  it('sees a ConfigMap change within seconds', async () => {
    const data = (text: string) => ({ data: { text } });
    await make({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'text', namespace: ns },
      ...data('one'),
    });
    const mounts = { volumeMounts: [{ name: 'text', mountPath: '/text' }] };
    const volumes = [{ name: 'text', configMap: { name: 'text' } }];
    await make(aShell(ns, 'reader', 'exec sleep 1000', mounts, { volumes }));
    await readyPod(ns, 'reader');
    const read = () => inPod(ns, 'reader', ['cat', '/text/text']);
    expect(await read()).toBe('one');
    await cluster().patch('ConfigMap', 'text', ns, data('two'));
    await until('the pod sees it', read, (text) => text === 'two', { timeoutMs: 30_000, everyMs: 500 });
  });

  it('that takes more memory than it may is killed, and that is what its status says', async () => {
    const limits = { resources: { limits: { memory: '24Mi' } } };
    await make(aShell(ns, 'greedy', 'tail /dev/zero', limits, { restartPolicy: 'Never' }));
    const reason = (pod: KubeObject) => at(shellOf(pod), 'state', 'terminated', 'reason');
    await becomes('Pod', ns, 'greedy', reason, 'OOMKilled', { timeoutMs: 60_000 });
  });

  it('whose image there is none of says so at once, and not after time-outs', async () => {
    await make(aShell(ns, 'imageless', '', { image: 'registry.example.org/nothing:1' }));
    await until(
      'its image can not be pulled',
      async () => at(shellOf(await cluster().must('Pod', 'imageless', ns)), 'state', 'waiting', 'reason'),
      (reason) => reason === 'ErrImagePull' || reason === 'ImagePullBackOff',
      { timeoutMs: 30_000 },
    );
  });
});

describeOwnNode('the ingress', () => {
  const backend = { service: { name: 'inside', port: { number: 80 } } };
  const paths = [{ path: '/', pathType: 'Prefix', backend }];

  it('serves an Ingress and an HTTPRoute, and says in their status that it does', async () => {
    const { url, ingressClass, gateway } = node().ingress;
    await make(aShell(ns, 'inside', serving('inside')), aService('inside'));
    await make(
      {
        apiVersion: 'networking.k8s.io/v1',
        kind: 'Ingress',
        metadata: { name: 'inside', namespace: ns },
        spec: { ingressClassName: ingressClass, rules: [{ host: 'ingress.example.org', http: { paths } }] },
      },
      {
        apiVersion: 'gateway.networking.k8s.io/v1',
        kind: 'HTTPRoute',
        metadata: { name: 'inside', namespace: ns },
        spec: {
          hostnames: ['route.example.org'],
          parentRefs: [gateway],
          rules: [{ backendRefs: [{ name: 'inside', port: 80 }] }],
        },
      },
    );
    const { host } = new URL(url);
    for (const name of ['ingress.example.org', 'route.example.org']) {
      // `fetch` names the host of the URL, whatever it is told; curl does not.
      const asked = async () => (await node().exec(['curl', '-s', '-H', `Host: ${name}`, url])).stdout;
      await until(`${name} is served`, asked, (text) => text === 'inside\n');
    }
    const address = (object: KubeObject) => at(object, 'status', 'loadBalancer', 'ingress', 0, 'ip');
    await becomes('Ingress', ns, 'inside', address, host.split(':')[0]);
    const accepted = (route: KubeObject) =>
      conditionOf({ status: at(route, 'status', 'parents', 0) }, 'Accepted')?.status;
    await becomes('HTTPRoute', ns, 'inside', accepted, 'True');
  });
});

describeOwnNode('of the node', () => {
  it('the API server can be frozen, and its clients wait until it goes on', async () => {
    expect((await cluster().send('/readyz')).status).toBe(200);
    let wasAnswered = false;
    const { asked } = await node().whileFrozen('kube-apiserver', async () => {
      const request = cluster().send('/readyz');
      void request.then(() => (wasAnswered = true));
      await sleep(1_500);
      expect(wasAnswered).toBe(false);
      return { asked: request };
    });
    expect((await asked).status).toBe(200);
  });

  it('the API server can be restarted, and pods go on', async () => {
    await make(aShell(ns, 'steady', serving('steady')));
    const pod = await readyPod(ns, 'steady');
    await cluster().stopApiServer();
    await expect(cluster().send('/readyz')).rejects.toThrow();
    expect(await textAt(`http://${String(at(pod, 'status', 'podIP'))}:8080`)).toBe('steady\n');
    await cluster().startApiServer();
    expect(at(shellOf(await readyPod(ns, 'steady')), 'restartCount')).toBe(0);
  });

  it('the kubelet can be ended, so that the node is lost and its pods are not ready, and started again', async () => {
    await make(aShell(ns, 'lonely', serving('lonely')));
    await readyPod(ns, 'lonely');
    await node().whileLost(async () => {
      const isReady = (pod: KubeObject) => conditionOf(pod, 'Ready')?.status;
      await becomes('Pod', ns, 'lonely', isReady, 'False');
    });
    await readyPod(ns, 'lonely');
  });

  it('a container can be killed, and is started again', async () => {
    await make(aShell(ns, 'killed', serving('killed')));
    await node().killContainer(await readyPod(ns, 'killed'), 'shell');
    const restarts = (pod: KubeObject) => at(shellOf(pod), 'restartCount');
    const pod = await becomes('Pod', ns, 'killed', restarts, 1, { timeoutMs: 60_000 });
    expect(at(shellOf(pod), 'lastState', 'terminated', 'exitCode')).toBe(137);
  });

  it('images can be loaded from archives, and deleted', async () => {
    const name = 'registry.example.org/loaded:1';
    const busybox = (await findProgram('busybox', thisMachine(process.env).path)) ?? '';
    const files: readonly ImageFile[] = [{ path: 'sleep', content: readFileSync(busybox) }];
    const archive = path.join(tmpdir(), `${ns}.tar`);
    writeFileSync(archive, imageArchive([name], files, { Entrypoint: ['/sleep', '1000'] }));
    await node().loadImage(archive);
    expect(await node().images()).toContain(name);
    await make(aShell(ns, 'loaded', '1000', { image: name }));
    await readyPod(ns, 'loaded');
    await node().deleteImage(name);
    expect(await node().images()).not.toContain(name);
  });

  it('the audit log tells what its own programs asked for', () => {
    const kubelet = `system:node:${node().about.node?.name ?? ''}`;
    const asked = cluster().audit.read({ user: kubelet, resource: 'pods', verbs: ['watch'] });
    expect(asked.length).toBeGreaterThan(0);
  });

  it('every program runs', async () => {
    const names = (await node().components()).map(({ name }) => name).toSorted();
    expect(z.array(z.string()).parse(names)).toEqual([
      'containerd',
      'contour',
      'coredns',
      'envoy',
      'etcd',
      'kube-apiserver',
      'kube-controller-manager',
      'kube-proxy',
      'kube-scheduler',
      'kubelet',
    ]);
  });
});
