// A node with all that the tests on one need: programs that are found or built, images that are built, and the platform.
import path from 'node:path';
import { envoy } from '../engines/envoy.ts';
import { findChartEngines, findNodeEngines } from '../engines/find-engines.ts';
import type { Say } from '../engines/go.ts';
import {
  CONTOUR_DEFINITIONS,
  GATEWAY_API,
  moduleFolder,
  PROMETHEUS_OPERATOR,
} from '../engines/module-files.ts';
import { findEngine } from '../engines/packaged-engine.ts';
import { OLDEST_MINOR } from '../engines/versions.ts';
import { buildImages } from '../images/build-images.ts';
import { installPlatform } from './platform/install.ts';
import { checkRequirements, thisMachine } from './requirements.ts';
import { TestNode } from './test-node.ts';

export interface OwnNodeOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly say: Say;
  /**
   * Of the platform: `installed`; or its images and no more, for tests that install it themselves, behind the Gateway that
   * an environment makes; or nothing, because a test of the node itself starts sooner without.
   */
  readonly platform: 'installed' | 'images' | 'none';
}

/** The Gateway of an environment that names none. */
const OWN_GATEWAY = { namespace: 'mcp-gateway', name: 'mcp-gateway' } as const;

/**
 * Brings a node up. Nothing is left where it throws, or is aborted.
 * @throws NodeError, EngineError, ImageError, BundleError, MissingEngineError that say how to go on
 */
export async function startOwnNode(options: OwnNodeOptions, signal: AbortSignal): Promise<TestNode> {
  const { env, say } = options;
  // Asked first, because what can't run need not be built for minutes.
  await checkRequirements(thisMachine(env));
  const engines = await findNodeEngines(OLDEST_MINOR, { env, say });
  const found = await findEngine(envoy, env, say);
  const definitions = [
    await moduleFolder(GATEWAY_API, { env, say }),
    path.join(await moduleFolder(CONTOUR_DEFINITIONS, { env, say }), '01-crds.yaml'),
    ...(options.platform === 'images' ? [await moduleFolder(PROMETHEUS_OPERATOR, { env, say })] : []),
  ];
  signal.throwIfAborted();
  const images =
    options.platform === 'none' ? [] : (await buildImages({ say, env })).map(({ archive }) => archive);
  const isInstalledByTests = options.platform === 'images';
  const gateway = isInstalledByTests ? OWN_GATEWAY : undefined;
  const charts = isInstalledByTests ? await findChartEngines({ env, say }) : undefined;
  const startedAt = performance.now();
  const node = await TestNode.start(
    { env, say, engines, envoy: found.path, images, definitions, gateway, charts },
    signal,
  );
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  say(`a node of Kubernetes ${engines.minor} is up in ${seconds} s, its logs are in ${node.folder}`);
  if (options.platform !== 'installed') return node;
  try {
    await install(node, say, signal);
    return node;
  } catch (error) {
    await node.stop();
    throw error;
  }
}

async function install(node: TestNode, say: Say, signal: AbortSignal): Promise<void> {
  const startedAt = performance.now();
  const { about, folder } = node;
  const exec = (command: readonly string[]) => node.exec(command);
  await installPlatform({ about, folder, exec, say }, signal);
  say(`the platform is installed in ${((performance.now() - startedAt) / 1000).toFixed(1)} s`);
}
