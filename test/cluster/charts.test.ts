// The charts of every profile and of every example: nothing that Helm finds wrong, what the program says, and nothing that
// the schemas of this API server don't know. The plainest environment stands for the others on all minors but the newest.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { stringify } from 'yaml';
import { PROFILES } from '#constructs/kit/settings.ts';
import { isDefinition } from '#render/needs.ts';
import { renderHelm } from '#render/helm/helm.ts';
import { writeFolder } from '#render/output-folder.ts';
import { synthesise } from '#render/synthesise.ts';
import { manifestsOf, wholePlatform } from '#test/render/programs.ts';
import { temporaryFolder, type TemporaryFolder } from '#test/runtime/local/harness/temporary.ts';
import { cluster } from './harness/cluster.ts';
import { helmIn, kubeconform, type Helm } from './harness/helm.ts';
import { writeKindSchemas } from './harness/kind-schemas.ts';
import { byKey, manifestsIn } from './harness/manifests.ts';
import { EXAMPLES, exampleProgram, programsOf } from './harness/programs.ts';

const world = cluster();
const NAMES = ['mcp-runtime-crds', 'mcp-runtime'];

let temporary: TemporaryFolder;
let helm: Helm;
beforeAll(() => {
  temporary = temporaryFolder();
  helm = helmIn(temporary.path);
});
afterAll(() => temporary.remove());
const at = (...names: readonly string[]) => path.join(temporary.path, ...names);

async function openApi(place: string): Promise<unknown> {
  const { status, text } = await world.send(place);
  if (status !== 200) throw new Error(`${place} was answered with ${status}: ${text}`);
  return JSON.parse(text);
}

const kubeVersion = ['--kube-version', `${world.about.minor}.0`];
const lint = (chart: string) => helm('lint', '--strict', chart, ...kubeVersion);

interface Document {
  /** Name of the chart that it comes from. */
  readonly chart: string;
  readonly text: string;
}

/** What Helm renders from a chart and those that are part of it, document by document. */
async function template(chart: string): Promise<readonly Document[]> {
  const text = await helm('template', 'mine', chart, ...kubeVersion);
  return text.split(/^---\n# Source: (?=\S+\n)/m).flatMap((part) => {
    const source = /^(?:\S+\/charts\/)?([^/\s]+)\/templates\/.*\n/.exec(part);
    return source === null ? [] : [{ chart: source[1] ?? '', text: part.slice(source[0].length) }];
  });
}

/** What the schemas say against documents, each of which counts once however many charts have it. */
async function complaints(documents: readonly Document[]): Promise<readonly string[]> {
  const distinct = [...new Set(documents.map(({ text }) => text))];
  const yaml = distinct.join('\n---\n');
  await writeKindSchemas(at('schemas'), manifestsIn(yaml), openApi);
  const { wrong, valid } = await kubeconform(yaml, at('schemas'));
  return valid + wrong.length === distinct.length
    ? wrong
    : [...wrong, `only ${valid} of ${distinct.length} are valid`];
}

/** A chart that these are part of, so that Helm renders all of them at once. */
function writeParent(folder: string, charts: readonly string[]): void {
  const dependencies = charts.map((name) => ({ name, version: '1.0.0', repository: '' }));
  writeFileSync(
    path.join(folder, 'Chart.yaml'),
    stringify({ apiVersion: 'v2', name: 'all', version: '1.0.0', dependencies }),
  );
}

describe.each(PROFILES)('the chart of the profile %s', (profile) => {
  it('has nothing wrong with it in any environment', async () => {
    const programs = [...programsOf(profile, world.about.minor).values()].map(synthesise);
    const charts = programs.map((_, index) => `environment-${index}`);
    const files = programs.flatMap((program, index) => {
      const name = `environment-${index}`;
      return renderHelm(program, { name, version: '1.0.0' }).filter((file) =>
        file.path.startsWith(`${name}/`),
      );
    });
    writeFolder(at(profile, 'charts'), files);
    writeParent(at(profile), charts);
    for (const chart of [charts.at(0), charts.at(-1)]) await lint(at(profile, 'charts', chart ?? ''));

    const documents = await template(at(profile));
    expect(await complaints(documents)).toEqual([]);
    const parsed = new Map<string, ReturnType<typeof manifestsIn>>();
    for (const { text } of documents) if (!parsed.has(text)) parsed.set(text, manifestsIn(text));
    const rendered = Map.groupBy(documents, ({ chart }) => chart);
    for (const [index, program] of programs.entries()) {
      const own = rendered.get(charts[index] ?? '') ?? [];
      const said = manifestsOf(program).filter((manifest) => !isDefinition(manifest));
      expect(byKey(own.flatMap(({ text }) => parsed.get(text) ?? []))).toEqual(byKey(said));
    }
  });
});

describe('the charts of the examples', () => {
  it.each(EXAMPLES)('have nothing wrong with them: %s', async (example) => {
    const program = synthesise(await exampleProgram(example));
    writeFolder(at('examples', example), renderHelm(program));
    const documents = [];
    for (const chart of NAMES.map((name) => at('examples', example, name)).filter((each) =>
      existsSync(each),
    )) {
      await lint(chart);
      documents.push(...(await template(chart)));
    }
    expect(await complaints(documents)).toEqual([]);
    expect(byKey(documents.flatMap(({ text }) => manifestsIn(text)))).toEqual(byKey(manifestsOf(program)));
  });
});

describe('a chart that somebody broke', () => {
  const OPERATOR = 'platform/deployment.mcp-runtime.mcp-runtime-operator-controller-manager.yaml';
  const SERVER = 'team-a/mcpserver.team-a.notes.yaml';
  const files = renderHelm(synthesise(wholePlatform('notes')));

  it.each([
    ['a misspelt field', OPERATOR, '  replicas:', '  replica:', /^Deployment .*'replica' not allowed/],
    [
      'a field that is there twice',
      OPERATOR,
      '  replicas:',
      '  paused: true\n  paused: true\n  replicas:',
      /^Deployment [^]*"paused"/,
    ],
    ['a number for a text', SERVER, 'image: ', 'image: 7 # ', /^MCPServer notes: .*\/spec\/image/],
  ] as const)('is found out: %s', async (_what, file, text, by, reason) => {
    writeFolder(at('broken'), files);
    expect(await complaints(await template(at('broken/mcp-runtime')))).toEqual([]);
    const broken = at('broken/mcp-runtime/templates', file);
    writeFileSync(broken, readFileSync(broken, 'utf8').replace(text, by));
    const rendered = await template(at('broken/mcp-runtime'));
    const { wrong } = await kubeconform(rendered.map((each) => each.text).join('\n---\n'), at('schemas'));
    expect(wrong).toEqual([expect.stringMatching(reason)]);
  });

  it('is found out: a kind that nobody serves', async () => {
    const none = '{apiVersion: mcpruntime.org/v1alpha1, kind: MCPServant, metadata: {name: notes}}';
    const { wrong } = await kubeconform(none, at('schemas'));
    expect(wrong).toEqual([expect.stringContaining('could not find schema for MCPServant')]);
  });
});
