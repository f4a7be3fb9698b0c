// The metrics and labels that programs have, read from the code that makes them.
import { readFileSync } from 'node:fs';
import { glob } from 'node:fs/promises';

const PROGRAMS = ['proxy', 'operator', 'distributor', 'sentinel'];

/** What Prometheus adds to every series, and what it makes of a histogram. */
const OF_PROMETHEUS = ['le', 'namespace', 'pod', 'server', 'cluster'];

export interface DeclaredMetrics {
  readonly names: ReadonlySet<string>;
  readonly labels: ReadonlySet<string>;
}

export async function declaredMetrics(): Promise<DeclaredMetrics> {
  const names = new Set<string>();
  const labels = new Set(OF_PROMETHEUS);
  for (const program of PROGRAMS) {
    for await (const file of glob(`runtime/${program}/**/*metrics.ts`)) {
      const text = readFileSync(file, 'utf8');
      for (const [, name = ''] of text.matchAll(/'(mcp_[a-z_]+)'/g)) names.add(name);
      for (const [, list = ''] of text.matchAll(/labelNames(?: =|:) \[([^\]]+)\]/g)) {
        for (const [, label = ''] of list.matchAll(/'(\w+)'/g)) labels.add(label);
      }
      // The distributor puts its prefix before every name, and labels after the text of help.
      for (const [, name = ''] of text.matchAll(/\b(?:gauge|this\.counter)\(\s*'([a-z_]+)'/g)) {
        names.add(`mcp_${program}_${name}`);
      }
      for (const [, label = ''] of text.matchAll(/this\.counter\(\s*'[a-z_]+',\s*'[^']*',\s*'(\w+)'/g)) {
        labels.add(label);
      }
    }
  }
  return { names, labels };
}

/** The metrics that an expression reads, histograms by their own name. */
export function metricsIn(expr: string): readonly string[] {
  return [...expr.matchAll(/\bmcp_[a-z_]+/g)].map(([name]) => name.replace(/_(bucket|sum|count)$/, ''));
}

/** The labels that an expression selects by, groups by or joins on. */
export function labelsIn(expr: string): readonly string[] {
  const selected = [...expr.matchAll(/\{([^}]*)\}/g)].flatMap(([, inside = '']) =>
    [...inside.matchAll(/(\w+)\s*(?:=~|!~|!=|=)/g)].map(([, label = '']) => label),
  );
  const grouped = [...expr.matchAll(/\b(?:by|on|without) \(([^)]*)\)/g)].flatMap(([, inside = '']) =>
    inside.split(',').map((label) => label.trim()),
  );
  return [...selected, ...grouped];
}
