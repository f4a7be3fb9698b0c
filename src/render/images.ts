// Which images a program makes a cluster pull.
import type { ProgramView } from '#checks/program-view.ts';
import { manifestKey, type Manifest } from '#constructs/kit/manifest.ts';
import { byText } from './rendered-file.ts';

export interface UsedImage {
  /** As a pod names it: `registry.example.org/team/notes:1.2.0`. */
  readonly image: string;
  /** Who pulls it, sorted: `apps/Deployment mcp-runtime/mcp-runtime-distributor, distributor`. */
  readonly uses: readonly string[];
}

interface Use {
  readonly image: string;
  readonly by: string;
}

/** Variables that name an image which a program starts later. */
const IMAGE_VARIABLES = ['MCP_GATEWAY_PROXY_IMAGE'];

type Members = Readonly<Record<string, unknown>>;

const isMembers = (value: unknown): value is Members => typeof value === 'object' && value !== null;

const member = (value: unknown, name: string): unknown => (isMembers(value) ? value[name] : undefined);

const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

const text = (value: unknown): string => (typeof value === 'string' ? value : '');

/** The pods that an object is, or makes: one spec, wherever the kind has it. */
function podSpec({ kind, spec }: Manifest): unknown {
  if (kind === 'Pod') return spec;
  const template = kind === 'CronJob' ? member(member(spec, 'jobTemplate'), 'spec') : spec;
  return member(member(template, 'template'), 'spec');
}

function usesOf(manifest: Manifest): readonly Use[] {
  const spec = podSpec(manifest);
  const containers = [...list(member(spec, 'initContainers')), ...list(member(spec, 'containers'))];
  return containers.flatMap((container) => {
    const by = `${manifestKey(manifest)}, ${text(member(container, 'name'))}`;
    const named = list(member(container, 'env')).flatMap((variable) => {
      const name = text(member(variable, 'name'));
      const image = text(member(variable, 'value'));
      return IMAGE_VARIABLES.includes(name) ? [{ image, by: `${by}, ${name}` }] : [];
    });
    return [{ image: text(member(container, 'image')), by }, ...named];
  });
}

function serverUses({ servers }: ProgramView): readonly Use[] {
  return servers.flatMap(({ resource, resolved }) => {
    const { namespace = '', name } = resource.metadata;
    const by = `mcpruntime.org/MCPServer ${namespace}/${name}`;
    return [
      { image: resolved.image, by },
      { image: resource.spec.gateway?.image ?? '', by: `${by}, proxy` },
    ];
  });
}

/** Every image once, sorted, with those that use it. */
export function imagesOf(manifests: readonly Manifest[], view: ProgramView): readonly UsedImage[] {
  const uses = new Map<string, string[]>();
  for (const { image, by } of [...manifests.flatMap(usesOf), ...serverUses(view)]) {
    if (image === '') continue;
    const known = uses.get(image);
    if (known === undefined) uses.set(image, [by]);
    else known.push(by);
  }
  return [...uses].sort(([a], [b]) => byText(a, b)).map(([image, by]) => ({ image, uses: by.sort(byText) }));
}
