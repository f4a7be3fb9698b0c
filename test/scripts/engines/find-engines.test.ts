// Where engines come from, tried with programs of our own: shell scripts that say a version, and a Go that builds more
// of them.
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { withLock } from '#scripts/engines/build-lock.ts';
import { engineCache, findEngines, findProduct } from '#scripts/engines/find-engines.ts';
import { etcd, kubernetes } from '#scripts/engines/product.ts';
import { GATEWAY_API, moduleFolder } from '#scripts/engines/module-files.ts';
import { MINORS, NEWEST_MINOR, OLDEST_MINOR } from '#scripts/engines/versions.ts';
import { temporaryFolder, type TemporaryFolder } from '#test/runtime/local/harness/temporary.ts';

/** Stands in for Go: knows the commands that we give, logs them, and "builds" scripts that say which version they are. */
const fakeGo = (version: string) => `#!/bin/sh
echo "$@" >> "$GO_LOG"
case "$1 $2" in
  'version ') echo "go version ${version} linux/amd64";;
  'mod download') sleep "\${GO_SLEEPS:-0}"; printf '{"Dir": "%s"}' "$GO_MODULE";;
  'mod tidy') [ -f go.mod ] || { echo 'no module' >&2; exit 1; };;
  'build '*|'install '*)
    [ -z "$GO_FAILS" ] || { echo 'undefined: everything' >&2; exit 1; }
    sleep "\${GO_SLEEPS:-0}"
    out=bin/kwok
    while [ $# -gt 0 ]; do [ "$1" = -o ] && out=$2; shift; done
    printf '#!/bin/sh\\necho built\\n' > "$out"; chmod +x "$out";;
  *) echo "unexpected: go $*" >&2; exit 9;;
esac
`;

describe('the engines of a control plane', () => {
  let folder: TemporaryFolder;
  let said: string[];
  let env: NodeJS.ProcessEnv;

  const at = (...names: readonly string[]) => path.join(folder.path, ...names);
  const say = (line: string) => void said.push(line);
  const calls = () => (existsSync(at('go.log')) ? readFileSync(at('go.log'), 'utf8') : '');

  function program(file: string, text: string): void {
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, text);
    chmodSync(file, 0o755);
  }

  const saying = (words: string) => `#!/bin/sh\necho '${words}'\n`;

  function assets(name: string, version: string): string {
    for (const each of kubernetes('1.36').programs) program(at(name, each), saying(`Kubernetes v${version}`));
    program(at(name, 'etcd'), saying('etcd Version: 3.6.4'));
    return at(name);
  }

  beforeEach(() => {
    folder = temporaryFolder();
    said = [];
    program(at('go-bin', 'go'), fakeGo('go1.26.1'));
    mkdirSync(at('module'));
    writeFileSync(
      at('module', 'go.mod'),
      'module k8s.io/kubernetes\n\ngo 1.26.0\n\nreplace (\n\tk8s.io/api => ./staging/src/k8s.io/api\n)\n',
    );
    writeFileSync(at('module', 'crd.yaml'), 'kind: CustomResourceDefinition\n');
    env = {
      PATH: `${at('go-bin')}:/usr/bin:/bin`,
      XDG_CACHE_HOME: at('cache'),
      GO_LOG: at('go.log'),
      GO_MODULE: at('module'),
    };
  });
  afterEach(() => {
    folder.remove();
  });

  it('are those of the folder that KUBEBUILDER_ASSETS names', async () => {
    const named = assets('named', '1.36.9');
    program(at('path', 'kwok'), saying('kwok version v0.8.0'));
    const own = { ...env, KUBEBUILDER_ASSETS: named, PATH: `${at('path')}:${env['PATH'] ?? ''}` };
    expect(await findEngines('1.36', { env: own, say })).toEqual({
      minor: '1.36',
      etcd: at('named', 'etcd'),
      kubeApiserver: at('named', 'kube-apiserver'),
      kubeControllerManager: at('named', 'kube-controller-manager'),
      kubeScheduler: at('named', 'kube-scheduler'),
      kubectl: at('named', 'kubectl'),
      kwok: at('path', 'kwok'),
    });
    expect([calls(), said]).toEqual(['', []]);
  });

  it('are those on PATH, where no folder is named', async () => {
    const own = { ...env, PATH: `${assets('path', '1.33.2')}:${env['PATH'] ?? ''}` };
    const found = await findProduct(kubernetes('1.33'), { env: own, say });
    expect(found.get('kube-apiserver')).toBe(at('path', 'kube-apiserver'));
    expect(calls()).toBe('');
  });

  it('are not of another minor: such a one is named, and another is found', async () => {
    const own = { ...env, KUBEBUILDER_ASSETS: assets('named', '1.35.4') };
    const found = await findProduct(kubernetes('1.36'), { env: own, say });
    const built = at('cache', 'mcp-runtime/engines/kubernetes-1.36.3');
    expect(found.get('kubectl')).toBe(path.join(built, 'kubectl'));
    expect(said[0]).toBe(
      `passing over ${at('named', 'kube-apiserver')}: it says "Kubernetes v1.35.4", and 1.36.x is wanted`,
    );
  });

  it('are built into the cache where there are none, and found there the next time', async () => {
    const found = await findProduct(etcd, { env, say });
    expect(found.get('etcd')).toBe(at('cache', 'mcp-runtime/engines/etcd-3.7.3/etcd'));
    expect(said.join('\n')).toMatch(
      /none on this machine, building into .*\nbuilding etcd 3\.7\.3\nbuilt etcd in \d+ s/,
    );
    expect(calls()).toContain('build -trimpath -ldflags -s -w -o bin/etcd .');
    writeFileSync(at('go.log'), '');
    expect(await findProduct(etcd, { env, say })).toEqual(found);
    expect(calls()).toBe('');
  });

  it('that are missing beside others are the only ones to be built', async () => {
    const cached = path.join(engineCache(env), 'kubernetes-1.36.3');
    for (const name of ['kube-apiserver', 'kube-controller-manager', 'kubectl'])
      program(path.join(cached, name), saying('cached'));
    await findProduct(kubernetes('1.36'), { env, say });
    expect(calls().match(/^build.*$/gm)).toEqual([expect.stringContaining('cmd/kube-scheduler')]);
    expect(readFileSync(path.join(cached, 'kube-scheduler'), 'utf8')).toContain('built');
  });

  it('say from time to time what is built, and for how long', async () => {
    await findProduct(etcd, { env: { ...env, GO_SLEEPS: '0.3' }, say, tickMs: 100 });
    expect(said.filter((line) => line === 'building etcd 3.7.3 … 0 s').length).toBeGreaterThan(0);
  });

  it('are built once, however many runs need them at once', async () => {
    const slow = { ...env, GO_SLEEPS: '0.3' };
    await Promise.all([findProduct(etcd, { env: slow, say }), findProduct(etcd, { env: slow, say })]);
    expect(calls().match(/^build/gm)).toHaveLength(1);
    expect(said).toContain(`waiting for process ${process.pid}, which builds etcd 3.7.3`);
  });

  it('that can not be built leave nothing behind, and say what Go said', async () => {
    const failing = findProduct(etcd, { env: { ...env, GO_FAILS: '1' }, say });
    await expect(failing).rejects.toMatchObject({ name: 'EngineError', code: 'build_failed' });
    await expect(failing).rejects.toThrow(
      /building etcd 3\.7\.3 failed.*\nundefined: everything\nWays to go on: /s,
    );
    expect(readdirSync(path.join(engineCache(env), 'etcd-3.7.3'))).toEqual([]);
    expect(readdirSync(engineCache(env))).toEqual(['etcd-3.7.3']);
  });

  it('are missing by name where there is no Go, with what to do', async () => {
    const failing = findProduct(etcd, { env: { ...env, PATH: '/usr/bin:/bin' }, say });
    await expect(failing).rejects.toMatchObject({ code: 'go_missing' });
    await expect(failing).rejects.toThrow(/Go is missing.*install Go 1\.25 or newer.*KUBEBUILDER_ASSETS/);
  });

  it.each([
    ['go1.24.9', 'go_too_old'],
    ['go1.9', 'go_too_old'],
    ['gibberish', 'go_too_old'],
  ])('are not built with %s', async (version, code) => {
    program(at('go-bin', 'go'), fakeGo(version));
    await expect(findProduct(etcd, { env, say })).rejects.toMatchObject({ code });
  });

  it.each(['go1.25', 'go1.25.3', 'go1.30rc1', 'go2.0'])('are built with %s', async (version) => {
    program(at('go-bin', 'go'), fakeGo(version));
    expect((await findProduct(etcd, { env, say })).size).toBe(1);
  });

  it('of Kubernetes are built in a module that replaces the staging modules by their releases', async () => {
    // Tidying keeps a copy of the module, which is gone after the build.
    program(
      at('go-bin', 'go'),
      fakeGo('go1.26.1').replace("'mod tidy')", `'mod tidy') cp go.mod deps.go "$GO_MODULE/..";`),
    );
    await findProduct(kubernetes('1.36'), { env, say });
    expect(readFileSync(at('go.mod'), 'utf8')).toBe(
      'module engines/kube\n\ngo 1.26.0\n\nrequire k8s.io/kubernetes v1.36.3\n\n' +
        'replace (\n\tk8s.io/api => k8s.io/api v0.36.3\n)\n',
    );
    expect(readFileSync(at('deps.go'), 'utf8')).toContain('_ "k8s.io/kubernetes/cmd/kube-scheduler/app"');
    expect(calls()).toContain('-X k8s.io/component-base/version.gitVersion=v1.36.3');
  });

  it('have definitions of others beside them, fetched once', async () => {
    const wanted = { ...GATEWAY_API, folder: '.' };
    const first = await moduleFolder(wanted, { env, say });
    expect(readFileSync(path.join(first, 'crd.yaml'), 'utf8')).toContain('CustomResourceDefinition');
    writeFileSync(at('go.log'), '');
    expect(await moduleFolder(wanted, { env, say })).toBe(first);
    expect(calls()).toBe('');
  });

  it('have of a folder of others the files that are wanted', async () => {
    const wanted = { ...GATEWAY_API, folder: '.', files: ['crd.yaml'] };
    expect(readdirSync(await moduleFolder(wanted, { env, say }))).toEqual(['crd.yaml']);
  });

  it('wait for what is fetched up to a limit, say so, and leave nothing behind', async () => {
    const fetching = moduleFolder(GATEWAY_API, { env: { ...env, GO_SLEEPS: '10' }, say, limitMs: 300 });
    await expect(fetching).rejects.toMatchObject({ name: 'EngineError', code: 'build_failed' });
    await expect(fetching).rejects.toThrow(
      /fetching sigs\.k8s\.io\/gateway-api 1\.4\.1 was ended after \d+ s/,
    );
    expect(readdirSync(engineCache(env))).toEqual([]);
  });
});

describe('the lock of a build', () => {
  let folder: TemporaryFolder;
  beforeEach(() => {
    folder = temporaryFolder();
  });
  afterEach(() => {
    folder.remove();
  });

  it('is taken over from a process that is gone', async () => {
    const file = path.join(folder.path, 'lock');
    writeFileSync(file, '4194304\n');
    const waited: unknown[] = [];
    expect(
      await withLock(
        file,
        (pid) => waited.push(pid),
        () => Promise.resolve('done'),
      ),
    ).toBe('done');
    expect(waited).toEqual([]);
    expect(existsSync(file)).toBe(false);
  });

  it('is given back where the work fails', async () => {
    const file = path.join(folder.path, 'lock');
    const failing = withLock(
      file,
      () => undefined,
      () => Promise.reject(new Error('no disk')),
    );
    await expect(failing).rejects.toThrow('no disk');
    expect(existsSync(file)).toBe(false);
  });
});

it('the oldest and the newest minor are the ends of what is claimed', () => {
  expect([MINORS.at(0), MINORS.at(-1)]).toEqual([OLDEST_MINOR, NEWEST_MINOR]);
});
