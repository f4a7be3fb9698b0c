// Names of files that a reviewer finds an object by, and that stay the same whatever else is in the program.
import { createHash } from 'node:crypto';
import type { Problem } from '#api/result.ts';
import { manifestKey, type Manifest } from '#constructs/kit/manifest.ts';
import { groupOf } from './needs.ts';
import type { SynthesisedChart, SynthesisedObject } from './synthesise.ts';

/** Less than any file system takes. */
const LONGEST = 240;

/** For file systems that know no case, and names of roles, which may hold nearly anything. */
function safe(text: string): string {
  return text.toLowerCase().replaceAll(/[^a-z0-9.-]/g, '_');
}

function bounded(name: string): string {
  if (name.length <= LONGEST) return name;
  const digest = createHash('sha256').update(name).digest('hex').slice(0, 16);
  return `${name.slice(0, LONGEST - digest.length - 1)}-${digest}`;
}

function joined(parts: readonly (string | undefined)[]): string {
  return `${bounded(safe(parts.filter((part) => part !== undefined && part !== '').join('.')))}.yaml`;
}

/** `mcpserver.mcp-servers.notes.yaml`; without the namespace where there is none. */
export function fileName({ kind, metadata }: Manifest): string {
  return joined([kind, metadata.namespace, metadata.name]);
}

/** For kinds that two groups have: `gateway.networking.istio.io.ingress.public.yaml`. */
function fileNameWithGroup(manifest: Manifest): string {
  const { kind, metadata } = manifest;
  return joined([kind, groupOf(manifest), metadata.namespace, metadata.name]);
}

/** Folder of a stack. */
export function folderName(chart: SynthesisedChart): string {
  return safe(chart.name);
}

export interface NamedObject {
  readonly name: string;
  readonly object: SynthesisedObject;
}

function isTwice(names: readonly string[]): (name: string) => boolean {
  const seen = new Set<string>();
  const twice = new Set<string>();
  for (const name of names) (seen.has(name) ? twice : seen).add(name);
  return (name) => twice.has(name);
}

/** The files of one stack. */
export function namedObjects({ objects }: SynthesisedChart): readonly NamedObject[] {
  const plain = objects.map((object) => ({ name: fileName(object.manifest), object }));
  const isShared = isTwice(plain.map(({ name }) => name));
  return plain.map(({ name, object }) => ({
    name: isShared(name) ? fileNameWithGroup(object.manifest) : name,
    object,
  }));
}

/** Objects whose names differ in nothing that a file's name can show. */
export function nameProblems(chart: SynthesisedChart): readonly Problem[] {
  const named = namedObjects(chart);
  const isShared = isTwice(named.map(({ name }) => name));
  return named
    .filter(({ name }) => isShared(name))
    .map(({ name, object: { path, manifest } }) => ({
      path,
      message: `${manifestKey(manifest)} would be in ${name}, as another object would; give it another name`,
    }));
}

/** Stacks that would share a folder, or have one that is somebody else's. */
export function folderProblems(
  charts: readonly SynthesisedChart[],
  taken: readonly string[] = [],
): readonly Problem[] {
  const first = new Map<string, string>();
  return charts.flatMap((chart) => {
    const folder = folderName(chart);
    if (taken.includes(folder)) {
      return [
        { path: chart.name, message: `the folder ${folder} is for the tool of that name; rename the stack` },
      ];
    }
    const earlier = first.get(folder);
    first.set(folder, earlier ?? chart.name);
    if (earlier === undefined) return [];
    return [
      { path: chart.name, message: `would be in the folder of the stack ${earlier}; rename one of them` },
    ];
  });
}
