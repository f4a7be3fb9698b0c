// Files that others publish in Go modules, such as the definitions of the Gateway API: fetched once into the cache,
// read from there, never committed.
import { constants } from 'node:fs';
import { access, cp, mkdtemp, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { withLock } from './build-lock.ts';
import { engineCache } from './find-engines.ts';
import { checkGo, go, type GoOptions } from './go.ts';
import { CONTOUR_RELEASE } from './versions.ts';

export interface ModuleFolder {
  /** `sigs.k8s.io/gateway-api` */
  readonly module: string;
  /** `1.4.1` */
  readonly release: string;
  /** Folder within the module. */
  readonly folder: string;
  /** Of the copy in the cache. @default the last part of the module's name */
  readonly name?: string;
}

/** Definitions of Gateway, HTTPRoute and GatewayClass. */
export const GATEWAY_API: ModuleFolder = {
  module: 'sigs.k8s.io/gateway-api',
  release: '1.4.1',
  folder: 'config/crd/standard',
};

/** Contour's own kinds, in `01-crds.yaml`. */
export const CONTOUR_DEFINITIONS: ModuleFolder = {
  module: 'github.com/projectcontour/contour',
  release: CONTOUR_RELEASE,
  folder: 'examples/contour',
  name: 'contour-definitions',
};

const download = z.object({ Dir: z.string() });

/**
 * Path of a copy of the folder.
 * @throws EngineError where it is not in the cache and can't be fetched
 */
export async function moduleFolder(
  { module, release, folder, name = path.basename(module) }: ModuleFolder,
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
        const json = await go(what, ['mod', 'download', '-json', `${module}@v${release}`], copy, options);
        const parsed: unknown = JSON.parse(json);
        await cp(path.join(download.parse(parsed).Dir, folder), copy, { recursive: true });
        await rename(copy, cached);
      } finally {
        await rm(copy, { recursive: true, force: true });
      }
    },
  );
  return cached;
}

async function exists(file: string): Promise<boolean> {
  try {
    await access(file, constants.R_OK);
    return true;
  } catch {
    return false;
  }
}
