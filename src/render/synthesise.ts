// From a program to plain objects, the one way: files, Pulumi resources, the local platform and tests all start from
// what is returned here. It reads nothing but the program, so the same program yields the same objects everywhere.
// cdk8s has a synthesis of its own; it walks the whole app once for every chart and refuses no duplicates.
import { ApiObject, App, Chart } from 'cdk8s';
import type { IConstruct } from 'constructs';
import { API_VERSION } from '#api/kind.ts';
import { MCPServer } from '#api/mcp-server.ts';
import type { Problem } from '#api/result.ts';
import { runChecks } from '#checks/run-checks.ts';
import { manifestKey, manifestOf, type Manifest } from '#constructs/kit/manifest.ts';
import type { Warning } from '#constructs/kit/warnings.ts';
import { localCommandOf, type LocalCommand } from '#constructs/server/local-command.ts';
import { InvalidProgramError } from './invalid-program-error.ts';

/** What the default export of a program is: it adds its stacks to the app. */
export type Program = (app: App) => void;

export interface SynthesisedObject {
  /** Path of the construct: `quickstart/notes/Resource`. */
  readonly path: string;
  readonly manifest: Manifest;
}

export interface SynthesisedChart {
  /** Name of the chart, and of its file. */
  readonly name: string;
  /** In the order of the program. */
  readonly objects: readonly SynthesisedObject[];
  /** Names of the charts that the program says come first, with `addDependency` of a chart or of anything in it. */
  readonly dependsOn: readonly string[];
}

export interface SynthesisedServer {
  readonly namespace: string;
  readonly name: string;
  /** Path of the construct: `quickstart/notes`. */
  readonly path: string;
  /** How the local platform starts it; undefined where the program doesn't say. */
  readonly local: LocalCommand | undefined;
}

export interface SynthesisedProgram {
  readonly charts: readonly SynthesisedChart[];
  readonly servers: readonly SynthesisedServer[];
  readonly warnings: readonly Warning[];
}

/** Charts inside charts are charts of their own; an object belongs to the nearest one around it. */
function chartName(chart: Chart): string {
  return chart.node.path.replaceAll('/', '-');
}

function serverOf({ path, manifest }: SynthesisedObject, construct: IConstruct): SynthesisedServer {
  const { name, namespace = '' } = manifest.metadata;
  const owner = construct.node.scope ?? construct;
  return { namespace, name, path: path.replace(/\/Resource$/, ''), local: localCommandOf(owner) };
}

/** Objects that are one for the API server, and charts that are one file: the later would silently replace the earlier. */
function duplicates(entries: readonly { readonly key: string; readonly path: string }[]): readonly Problem[] {
  const first = new Map<string, string>();
  return entries.flatMap(({ key, path }) => {
    const earlier = first.get(key);
    first.set(key, earlier ?? path);
    return earlier === undefined ? [] : [{ path, message: `${key} is already made at ${earlier}` }];
  });
}

/** By chart, those that something in it depends on. */
function chartDependencies(constructs: readonly IConstruct[]): ReadonlyMap<Chart, ReadonlySet<Chart>> {
  const before = new Map<Chart, Set<Chart>>();
  for (const construct of constructs) {
    for (const dependency of construct.node.dependencies) {
      const [chart, other] = [chartAround(construct), chartAround(dependency)];
      if (chart === undefined || other === undefined || chart === other) continue;
      before.set(chart, (before.get(chart) ?? new Set()).add(other));
    }
  }
  return before;
}

/** Nothing where it is the app itself. */
function chartAround(construct: IConstruct): Chart | undefined {
  return construct.node.scopes.findLast((scope) => Chart.isChart(scope));
}

/** Late rules that constructs of the program added to themselves. */
function validate(constructs: readonly IConstruct[]): readonly Problem[] {
  return constructs.flatMap(({ node }) => node.validate().map((message) => ({ path: node.path, message })));
}

/**
 * The objects of an app.
 * @throws InvalidProgramError with everything that no single construct could see
 */
export function synthesiseApp(app: App): SynthesisedProgram {
  const constructs = app.node.findAll();
  const invalid = validate(constructs);
  if (invalid.length > 0) throw new InvalidProgramError(invalid);

  const objects = new Map<Chart, SynthesisedObject[]>();
  const servers: SynthesisedServer[] = [];
  for (const construct of constructs) {
    if (!ApiObject.isApiObject(construct)) continue;
    const object = { path: construct.node.path, manifest: manifestOf(construct) };
    const siblings = objects.get(construct.chart) ?? [];
    objects.set(construct.chart, siblings);
    siblings.push(object);
    const { apiVersion, kind } = object.manifest;
    if (kind === MCPServer.kind && apiVersion === API_VERSION) servers.push(serverOf(object, construct));
  }

  const charts = [...objects].map(([chart, all]) => ({
    chart,
    path: chart.node.path,
    name: chartName(chart),
    all,
  }));
  const twice = [
    ...duplicates(charts.map(({ name, path }) => ({ key: `chart ${name}`, path }))),
    ...duplicates(
      charts.flatMap(({ all }) => all).map(({ manifest, path }) => ({ key: manifestKey(manifest), path })),
    ),
  ];
  const checked = runChecks(constructs);
  const problems = [...twice, ...checked.problems];
  if (problems.length > 0) throw new InvalidProgramError(problems);
  const before = chartDependencies(constructs);
  return {
    charts: charts.map(({ chart, name, all }) => {
      const dependsOn = [...(before.get(chart) ?? [])].map(chartName);
      return { name, objects: all, dependsOn };
    }),
    servers,
    warnings: checked.warnings,
  };
}

/** Runs a program on an empty app and renders what it made. @throws whatever the program throws, InvalidProgramError */
export function synthesise(program: Program): SynthesisedProgram {
  const app = new App();
  program(app);
  return synthesiseApp(app);
}
