import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { KubeConfigError, loadKubeConfig } from '#runtime/kube/kubeconfig.ts';

describe('the Kubernetes configuration', () => {
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(path.join(tmpdir(), 'kubeconfig-'));
  });
  afterEach(() => rmSync(dir, { recursive: true }));

  const write = (name: string, text: string): string => {
    const file = path.join(dir, name);
    writeFileSync(file, text);
    return file;
  };

  function kubeconfig(name: string, user: string, cluster = '', current = 'one'): string {
    return write(
      name,
      `apiVersion: v1
kind: Config
current-context: ${current}
clusters: [{name: c-${name}, cluster: {server: "https://${name}.example:6443/prefix"${cluster}}}]
users: [{name: u-${name}, user: ${user}}]
contexts:
  - {name: ${name}, context: {cluster: c-${name}, user: u-${name}, namespace: team}}
`,
    );
  }

  it('is that of the service account in a pod, with the token as it is now', async () => {
    write('token', 'first\n');
    write('ca.crt', 'CA');
    write('namespace', 'system');
    const env = { KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '443' };
    const connection = await loadKubeConfig({ env, serviceAccountDir: dir });
    expect(connection).toMatchObject({ ca: 'CA', namespace: 'system', skipTlsVerify: false });
    expect(connection.server.href).toBe('https://[fd00::1]/');
    expect(await connection.token()).toBe('first');
    write('token', 'second');
    const later = performance.now() + 61_000;
    const now = jest.spyOn(performance, 'now').mockReturnValue(later);
    expect(await connection.token()).toBe('second');
    rmSync(path.join(dir, 'token'));
    now.mockReturnValue(later + 61_000);
    expect(await connection.token()).toBe('second');
    now.mockRestore();
  });

  it('is that of KUBECONFIG where it is set, a pod or not', async () => {
    write('token', 'pod');
    const ca = Buffer.from('PEM').toString('base64');
    const file = kubeconfig(
      'one',
      '{token: secret}',
      `, certificate-authority-data: ${ca}, tls-server-name: other`,
    );
    const env = { KUBECONFIG: file, KUBERNETES_SERVICE_HOST: '10.0.0.1' };
    const connection = await loadKubeConfig({ env, serviceAccountDir: dir });
    expect(connection).toMatchObject({
      ca: 'PEM',
      namespace: 'team',
      tlsServerName: 'other',
      skipTlsVerify: false,
    });
    expect(connection.server.href).toBe('https://one.example:6443/prefix');
    expect(await connection.token()).toBe('secret');
  });

  it('joins several files, and takes the context that is asked for', async () => {
    const KUBECONFIG = [kubeconfig('one', '{token: a}'), kubeconfig('two', '{token: b}', '', 'two')].join(
      path.delimiter,
    );
    const current = await loadKubeConfig({ env: { KUBECONFIG } });
    expect(current.server.hostname).toBe('one.example');
    const other = await loadKubeConfig({ env: { KUBECONFIG }, context: 'two' });
    expect(other.server.hostname).toBe('two.example');
    expect(await other.token()).toBe('b');
    await expect(loadKubeConfig({ env: { KUBECONFIG }, context: 'three' })).rejects.toThrow(
      "no context 'three'",
    );
  });

  it('gets a token from a credential plugin', async () => {
    const credential = JSON.stringify({
      apiVersion: 'client.authentication.k8s.io/v1',
      kind: 'ExecCredential',
      status: { token: 'from-plugin' },
    });
    write('plugin.mjs', `console.log(${JSON.stringify(credential)})`);
    const plugin = `{apiVersion: client.authentication.k8s.io/v1, command: ${process.execPath}, args: [${path.join(dir, 'plugin.mjs')}]}`;
    const connection = await loadKubeConfig({ env: { KUBECONFIG: kubeconfig('one', `{exec: ${plugin}}`) } });
    expect(await connection.token()).toBe('from-plugin');
    const broken = kubeconfig('one', '{exec: {command: /nowhere/plugin, args: []}}');
    await expect(loadKubeConfig({ env: { KUBECONFIG: broken } })).rejects.toThrow("credentials of 'one'");
  });

  it('refuses what it would not do right', async () => {
    const refused = async (user: string, cluster = ''): Promise<string> => {
      const failed = await loadKubeConfig({ env: { KUBECONFIG: kubeconfig('one', user, cluster) } }).catch(
        (error: unknown) => error,
      );
      return failed instanceof KubeConfigError ? failed.message : 'no refusal';
    };
    expect(await refused('{as: somebody}')).toContain('impersonation');
    expect(await refused('{token: a}', ', proxy-url: http://proxy')).toContain('proxy-url');
  });

  it('says where it looked when there is none, and which file it can not read', async () => {
    await expect(loadKubeConfig({ env: { HOME: dir } })).rejects.toThrow(path.join(dir, '.kube', 'config'));
    const env = { KUBECONFIG: write('bad', '{{{') };
    await expect(loadKubeConfig({ env })).rejects.toThrow(`${env.KUBECONFIG}: can't be read`);
  });
});
