// Files that others publish in Go modules, such as the definitions of the Gateway API: fetched once into the cache,
// read from there, never committed.
import { constants } from 'node:fs';
import { access, cp, mkdtemp, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { withLock } from './build-lock.ts';
import { engineCache } from './find-engines.ts';
import { checkGo, go, type GoOptions } from './go.ts';
import {
  CERT_MANAGER_RELEASE,
  CONTOUR_RELEASE,
  GATEWAY_API_RELEASE,
  PROMETHEUS_OPERATOR_RELEASE,
  TRAEFIK_RELEASE,
} from './versions.ts';

export interface ModuleFolder {
  /** `sigs.k8s.io/gateway-api` */
  readonly module: string;
  /** `1.4.1` */
  readonly release: string;
  /** Folder within the module. */
  readonly folder: string;
  /** Of the copy in the cache. @default the last part of the module's name */
  readonly name?: string;
  /** Names of the files that are wanted. @default all of the folder */
  readonly files?: readonly string[];
}

/** Definitions of Gateway, HTTPRoute and GatewayClass. */
export const GATEWAY_API: ModuleFolder = {
  module: 'sigs.k8s.io/gateway-api',
  release: GATEWAY_API_RELEASE,
  folder: 'config/crd/standard',
};

/** Contour's own kinds, in `01-crds.yaml`. */
export const CONTOUR_DEFINITIONS: ModuleFolder = {
  module: 'github.com/projectcontour/contour',
  release: CONTOUR_RELEASE,
  folder: 'examples/contour',
  name: 'contour-definitions',
};

/** Definitions of Certificate, Issuer and ClusterIssuer. */
export const CERT_MANAGER: ModuleFolder = {
  module: 'github.com/cert-manager/cert-manager',
  release: CERT_MANAGER_RELEASE,
  folder: 'deploy/crds',
  files: ['certificates', 'clusterissuers', 'issuers'].map((kind) => `cert-manager.io_${kind}.yaml`),
};

/** Definitions of PodMonitor and PrometheusRule. */
export const PROMETHEUS_OPERATOR: ModuleFolder = {
  module: 'github.com/prometheus-operator/prometheus-operator',
  release: PROMETHEUS_OPERATOR_RELEASE,
  folder: 'example/prometheus-operator-crd',
  files: ['podmonitors', 'prometheusrules'].map((kind) => `monitoring.coreos.com_${kind}.yaml`),
};

/** Definition of TLSStore. */
export const TRAEFIK: ModuleFolder = {
  module: 'github.com/traefik/traefik/v3',
  release: TRAEFIK_RELEASE,
  folder: 'docs/content/reference/dynamic-configuration',
  name: 'traefik',
  files: ['traefik.io_tlsstores.yaml'],
};

/** A module is some ten megabytes. */
const fetchedWithinMs = 600_000;

const download = z.object({ Dir: z.string() });

/**
 * Path of a copy of the folder.
 * @throws EngineError where it is not in the cache and can't be fetched
 */
export async function moduleFolder(
  { module, release, folder, name = path.basename(module), files }: ModuleFolder,
  options: GoOptions,
): Promise<string> {
  const cached = path.join(engineCache(options.env), `${name}-${release}`);
  if (await exists(cached)) return cached;
  await checkGo(options);
  await withLock(
    `${cached}.lock`,
    () => undefined,
    async () => {
      if (await exists(cached)) return;
      const copy = await mkdtemp(`${cached}.fetch-`);
      try {
        const what = `fetching ${module} ${release}`;
        options.say(what);
        const args = ['mod', 'download', '-json', `${module}@v${release}`];
        const json = await go(what, args, copy, { limitMs: fetchedWithinMs, ...options });
        const parsed: unknown = JSON.parse(json);
        const from = path.join(download.parse(parsed).Dir, folder);
        for (const part of files ?? ['.'])
          await cp(path.join(from, part), path.join(copy, part), { recursive: true });
        await rename(copy, cached);
      } finally {
        await rm(copy, { recursive: true, force: true });
      }
    },
  );
  return cached;
}

/** Folders with the definitions of all kinds of others that manifests of the platform are of. @throws EngineError */
export async function foreignDefinitions(options: GoOptions): Promise<readonly string[]> {
  const folders: string[] = [];
  for (const each of [GATEWAY_API, CERT_MANAGER, PROMETHEUS_OPERATOR, TRAEFIK])
    folders.push(await moduleFolder(each, options));
  return folders;
}

async function exists(file: string): Promise<boolean> {
  try {
    await access(file, constants.R_OK);
    return true;
  } catch {
    return false;
  }
}
