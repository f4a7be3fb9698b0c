// Where the engines of a control plane come from: the folder that KUBEBUILDER_ASSETS names, PATH, the cache in the
// user's cache folder, and at last a build from Go modules into that cache. Nothing is installed on the machine.
import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { access, realpath } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { withLock } from './build-lock.ts';
import { buildPrograms } from './build-product.ts';
import { checkGo, type GoOptions } from './go.ts';
import {
  contour,
  coredns,
  etcd,
  helm,
  kubeconform,
  kubernetes,
  kubernetesNode,
  kwok,
  type Product,
} from './product.ts';
import type { Minor } from './versions.ts';

const execute = promisify(execFile);

/** Paths of the programs of one control plane. */
export interface PlaneEngines {
  readonly minor: Minor;
  readonly etcd: string;
  readonly kubeApiserver: string;
  readonly kubeControllerManager: string;
  readonly kubeScheduler: string;
  readonly kubectl: string;
}

/** With a player of nodes and pods. */
export interface Engines extends PlaneEngines {
  readonly kwok: string;
}

/** With what a real node runs. */
export interface NodeEngines extends PlaneEngines {
  readonly kubelet: string;
  readonly kubeProxy: string;
  readonly coredns: string;
  readonly contour: string;
}

/** What charts are tried with. */
export interface ChartEngines {
  readonly helm: string;
  readonly kubeconform: string;
}

/** @throws EngineError */
export async function findChartEngines(options: GoOptions): Promise<ChartEngines> {
  const at = await findAll([helm, kubeconform], options);
  return { helm: at('helm'), kubeconform: at('kubeconform') };
}

type Paths = (program: string) => string;

/**
 * Finds the engines of a minor, and builds those that there are none of.
 * @throws EngineError that says what is missing and how to go on
 */
export async function findEngines(minor: Minor, options: GoOptions): Promise<Engines> {
  const at = await findAll([etcd, kubernetes(minor), kwok], options);
  return { ...planeEngines(minor, at), kwok: at('kwok') };
}

/** As `findEngines`, of a cluster with a node. */
export async function findNodeEngines(minor: Minor, options: GoOptions): Promise<NodeEngines> {
  const products = [etcd, kubernetes(minor), kubernetesNode(minor), coredns, contour];
  const at = await findAll(products, options);
  return {
    ...planeEngines(minor, at),
    kubelet: at('kubelet'),
    kubeProxy: at('kube-proxy'),
    coredns: at('coredns'),
    contour: at('contour'),
  };
}

function planeEngines(minor: Minor, at: Paths): PlaneEngines {
  return {
    minor,
    etcd: at('etcd'),
    kubeApiserver: at('kube-apiserver'),
    kubeControllerManager: at('kube-controller-manager'),
    kubeScheduler: at('kube-scheduler'),
    kubectl: at('kubectl'),
  };
}

async function findAll(products: readonly Product[], options: GoOptions): Promise<Paths> {
  const of = new Map<string, string>();
  for (const product of products) {
    for (const [program, file] of await findProduct(product, options)) of.set(program, file);
  }
  return (program) => of.get(program) ?? program;
}

/** Paths of a product's programs, by their names. */
export async function findProduct(
  product: Product,
  options: GoOptions,
): Promise<ReadonlyMap<string, string>> {
  const cached = path.join(engineCache(options.env), `${product.name}-${product.release}`);
  const found = new Map<string, string>();
  for (const program of product.programs) {
    const file = (await ownProgram(product, program, options)) ?? (await programIn(cached, program));
    if (file !== undefined) found.set(program, file);
  }
  const missing = product.programs.filter((program) => !found.has(program));
  if (missing.length > 0) await buildMissing(product, missing, cached, options);
  for (const program of missing) found.set(program, path.join(cached, program));
  return found;
}

/** Folder of built engines; it may be deleted at any time. */
export function engineCache(env: NodeJS.ProcessEnv): string {
  const caches = env['XDG_CACHE_HOME'] || path.join(homedir(), '.cache');
  return path.join(caches, 'mcp-runtime', 'engines');
}

/** A program that the user has, where it is of a release that will do; one that is not is named and passed over. */
async function ownProgram(
  product: Product,
  program: string,
  { env, say }: GoOptions,
): Promise<string | undefined> {
  const onPath = (env['PATH'] ?? '').split(path.delimiter);
  const seen = new Set<string>();
  for (const folder of [env['KUBEBUILDER_ASSETS'] ?? '', ...onPath].filter((each) => each !== '')) {
    const file = await programIn(folder, program);
    // Folders of PATH are often one folder by several names.
    const real = file === undefined ? '' : await realpath(file);
    if (file === undefined || seen.has(real)) continue;
    seen.add(real);
    const version = await versionOf(file, product.versionArgs(program));
    if (product.accepts(version)) return file;
    say(
      `passing over ${file}: it says "${version.trim().split('\n')[0] ?? ''}", and ${product.wanted} is wanted`,
    );
  }
  return undefined;
}

async function buildMissing(
  product: Product,
  missing: readonly string[],
  folder: string,
  options: GoOptions,
): Promise<void> {
  await checkGo(options);
  const waiting = (pid: number | undefined) => {
    const who = pid === undefined ? 'another process' : `process ${pid}`;
    options.say(`waiting for ${who}, which builds ${product.name} ${product.release}`);
  };
  await withLock(`${folder}.lock`, waiting, async () => {
    const still: string[] = [];
    for (const program of missing) if ((await programIn(folder, program)) === undefined) still.push(program);
    if (still.length === 0) return;
    options.say(`${still.join(', ')} of ${product.release}: none on this machine, building into ${folder}`);
    await buildPrograms(product, still, folder, options);
  });
}

/** Path of a program in a folder; undefined where it isn't there, or can't be run. */
export async function programIn(folder: string, program: string): Promise<string | undefined> {
  const file = path.join(folder, program);
  try {
    await access(file, constants.X_OK);
    return file;
  } catch {
    return undefined;
  }
}

async function versionOf(file: string, args: readonly string[]): Promise<string> {
  try {
    const { stdout, stderr } = await execute(file, [...args], { timeout: 20_000 });
    return stdout + stderr;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
