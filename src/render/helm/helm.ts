// A program as two Helm charts: the definitions of our kinds, which are upgraded and never removed, and everything else,
// with the values that environments differ in. With its own values a chart renders exactly what the program says.
import { folderName, folderProblems, namedObjects, nameProblems } from '../file-names.ts';
import { InvalidProgramError } from '../invalid-program-error.ts';
import { isDefinition, isNamespace, isVolumeClaim } from '../needs.ts';
import { byText, marked, markText, MARK, type RenderedFile } from '../rendered-file.ts';
import { secretProblems } from '../secrets.ts';
import type { SynthesisedChart, SynthesisedProgram } from '../synthesise.ts';
import { VERSION } from '../version.ts';
import { yamlText } from '../yaml-text.ts';
import type { Manifest } from '#constructs/kit/manifest.ts';
import type { Slot } from './slot.ts';
import { literal, templateText } from './template-text.ts';
import { valuesOf, valuesSchema } from './values.ts';
import { certificateSlots, wayInSlots } from './way-in-slots.ts';
import { workloadNames, workloadSlots } from './workload-slots.ts';

export interface HelmOptions {
  /** Of the chart of the platform; that of the definitions has `-crds` after it. @default mcp-runtime */
  readonly name?: string | undefined;
  /** Of both charts, as SemVer. @default that of the library */
  readonly version?: string | undefined;
}

/** Oldest Kubernetes that the platform is tested on. */
const KUBE_VERSION = '>=1.33.0-0';

const KEEP = { 'helm.sh/resource-policy': 'keep' };

/** For the reasons for which GitOps tools never prune them: too much goes with them. */
function kept(manifest: Manifest): Manifest {
  if (![isDefinition, isNamespace, isVolumeClaim].some((isKept) => isKept(manifest))) return manifest;
  const annotations = { ...KEEP, ...manifest.metadata.annotations };
  return { ...manifest, metadata: { ...manifest.metadata, annotations } };
}

interface Described {
  readonly name: string;
  readonly description: string;
  readonly version: string;
}

function chartFile({ name, description, version }: Described): RenderedFile {
  const content = {
    apiVersion: 'v2',
    name,
    description,
    type: 'application',
    version,
    appVersion: VERSION,
    kubeVersion: KUBE_VERSION,
  };
  return { path: `${name}/Chart.yaml`, text: marked('its options', yamlText(content)) };
}

type Slots = ReadonlyMap<Manifest, readonly Slot[]>;

/** The same value for all slots of a name: where an object says something else, it stays as the program says. */
function slotsOf(manifests: readonly Manifest[]): Slots {
  const names = workloadNames(manifests);
  const waysIn = new Map(manifests.map((manifest) => [manifest, wayInSlots(manifest)]));
  const hosts = new Set(
    [...waysIn.values()].flat().flatMap(({ kind, value }) => (kind === 'host' ? [value] : [])),
  );
  const first = new Map<string, unknown>();
  return new Map(
    manifests.map((manifest) => {
      const name = names.get(manifest);
      const own = [
        ...(name === undefined ? [] : workloadSlots(manifest, name)),
        ...(waysIn.get(manifest) ?? []),
        ...certificateSlots(manifest, hosts),
      ];
      const agreed = own.filter(({ at, value }) => {
        const key = JSON.stringify(at);
        if (!first.has(key)) first.set(key, value);
        return JSON.stringify(first.get(key)) === JSON.stringify(value);
      });
      return [manifest, agreed];
    }),
  );
}

function templates(
  chart: string,
  stack: SynthesisedChart,
  holds: (manifest: Manifest) => boolean,
  slots: Slots,
): readonly RenderedFile[] {
  return namedObjects(stack)
    .filter(({ object }) => holds(object.manifest))
    .map(({ name, object: { path, manifest } }) => ({
      path: `${chart}/templates/${folderName(stack)}/${name}`,
      text: `# ${literal(markText(path))}\n${templateText(kept(manifest), slots.get(manifest) ?? [])}`,
    }));
}

const ABOUT_VALUES = `
# What environments differ in; everything else is the program's. What is not here can't be set.
`;

function valueFiles(chart: string, slots: readonly Slot[]): readonly RenderedFile[] {
  const schema = JSON.stringify(valuesSchema(slots), null, 2);
  // JSON has no comments, and the mark is in the first line of every file.
  const comment = JSON.stringify(`${MARK}; change the program instead.`);
  const values = slots.length === 0 ? '{}\n' : yamlText(valuesOf(slots));
  return [
    { path: `${chart}/values.yaml`, text: marked('the program', `${ABOUT_VALUES}\n${values}`) },
    {
      path: `${chart}/values.schema.json`,
      text: schema.replace('{\n', `{ "$comment": ${comment},\n`) + '\n',
    },
  ];
}

/**
 * The files of both charts, by their paths. The chart of definitions is left out where the program has none.
 * @throws InvalidProgramError where an object would put a secret into a chart, or two would be one file
 */
export function renderHelm(program: SynthesisedProgram, options: HelmOptions = {}): readonly RenderedFile[] {
  const { name = 'mcp-runtime', version = VERSION } = options;
  const { charts } = program;
  const problems = [...secretProblems(program), ...folderProblems(charts), ...charts.flatMap(nameProblems)];
  if (problems.length > 0) throw new InvalidProgramError(problems);

  const manifests = charts.flatMap(({ objects }) => objects.map(({ manifest }) => manifest));
  const slots = slotsOf(manifests);
  const of = (chart: string, description: string, holds: (manifest: Manifest) => boolean) => {
    const own = charts.flatMap((stack) => templates(chart, stack, holds, slots));
    const values = manifests.filter(holds).flatMap((manifest) => slots.get(manifest) ?? []);
    if (own.length === 0) return [];
    return [chartFile({ name: chart, description, version }), ...valueFiles(chart, values), ...own];
  };
  const isOther = (manifest: Manifest) => !isDefinition(manifest);
  return [
    ...of(`${name}-crds`, 'The kinds of MCP Runtime. Upgrade it before the other chart.', isDefinition),
    ...of(name, 'MCP servers on Kubernetes, their policy, and the platform that enforces it.', isOther),
  ].sort((a, b) => byText(a.path, b.path));
}
