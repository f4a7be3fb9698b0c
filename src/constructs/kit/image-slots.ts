// Where an object says which images its pods run: containers, volumes that are images, and variables that name an image
// which a program starts later.
type Members = Readonly<Record<string, unknown>>;

export type Path = readonly (string | number)[];

export interface ImageSlot {
  readonly path: Path;
  /** As it stands there, never empty. */
  readonly image: string;
  /** What of the pod it is: `distributor`, or `distributor, MCP_GATEWAY_PROXY_IMAGE`. */
  readonly of: string;
}

const IMAGE_VARIABLES = ['MCP_GATEWAY_PROXY_IMAGE'];

const isMembers = (value: unknown): value is Members => typeof value === 'object' && value !== null;

const member = (value: unknown, name: string): unknown => (isMembers(value) ? value[name] : undefined);

const text = (value: unknown): string => (typeof value === 'string' ? value : '');

const items = (value: unknown, path: Path): readonly (readonly [item: unknown, path: Path])[] =>
  Array.isArray(value) ? value.map((item: unknown, at) => [item, [...path, at]] as const) : [];

/** The pods that an object is, or makes: one spec, wherever the kind has it. */
function podSpec({ kind, spec }: Members): readonly [spec: unknown, path: Path] {
  if (kind === 'Pod') return [spec, ['spec']];
  const below = kind === 'CronJob' ? ['jobTemplate', 'spec', 'template', 'spec'] : ['template', 'spec'];
  return [below.reduce(member, spec), ['spec', ...below]];
}

function ofContainer(container: unknown, path: Path): readonly ImageSlot[] {
  const name = text(member(container, 'name'));
  const variables = items(member(container, 'env'), [...path, 'env']).flatMap(([variable, at]) => {
    const called = text(member(variable, 'name'));
    if (!IMAGE_VARIABLES.includes(called)) return [];
    return [{ path: [...at, 'value'], image: text(member(variable, 'value')), of: `${name}, ${called}` }];
  });
  return [{ path: [...path, 'image'], image: text(member(container, 'image')), of: name }, ...variables];
}

/** @param manifest any Kubernetes object */
export function imageSlots(manifest: Members): readonly ImageSlot[] {
  const [spec, path] = podSpec(manifest);
  if (!isMembers(spec)) return [];
  const of = (name: string) => items(spec[name], [...path, name]);
  const volumes = of('volumes').map(([volume, at]) => ({
    path: [...at, 'image', 'reference'],
    image: text(member(member(volume, 'image'), 'reference')),
    of: `volume ${text(member(volume, 'name'))}`,
  }));
  const containers = [...of('initContainers'), ...of('containers')];
  return [...containers.flatMap(([container, at]) => ofContainer(container, at)), ...volumes].filter(
    ({ image }) => image !== '',
  );
}

/** A copy of plain data with another text at a path that is there. */
export function withText(value: unknown, [first, ...rest]: Path, replacement: string): unknown {
  if (first === undefined) return replacement;
  if (Array.isArray(value)) {
    return value.map((item: unknown, at) => (at === first ? withText(item, rest, replacement) : item));
  }
  return isMembers(value) ? { ...value, [first]: withText(value[first], rest, replacement) } : value;
}
