// What a bench found: goals as data, measures against them, a table for people and JSON for programs.

interface Goal {
  readonly unit: string;
  readonly atMost?: number;
  readonly atLeast?: number;
}

export const goals = {
  'proxy.vs_envoy': { unit: 'ratio', atLeast: 1 },
  'proxy.vs_nginx': { unit: 'ratio', atLeast: 0.4 },
  'proxy.cpu_vs_envoy': { unit: 'ratio', atMost: 1 },
  'proxy.added_p50_ms': { unit: 'ms', atMost: 0.15 },
  'proxy.added_p99_ms': { unit: 'ms', atMost: 0.5 },
  'proxy.anon_idle_mib': { unit: 'MiB', atMost: 32 },
  'proxy.anon_1000_streams_mib': { unit: 'MiB', atMost: 80 },
  'proxy.anon_load_mib': { unit: 'MiB', atMost: 96 },
  'proxy.rss_idle_mib': { unit: 'MiB', atMost: 80 },
  'proxy.start_ms': { unit: 'ms', atMost: 300 },
  'proxy.audit_lost': { unit: 'events', atMost: 0 },
  'policy.decide_us': { unit: 'µs', atMost: 2 },
  'policy.decide_growth': { unit: 'ratio', atMost: 2 },
  'policy.revoke_deny_p99_ms': { unit: 'ms', atMost: 1_000 },
  'operator.apply_1000_s': { unit: 's', atMost: 60 },
  'operator.second_pass_writes': { unit: 'writes', atMost: 0 },
  'operator.restart_writes': { unit: 'writes', atMost: 0 },
  'operator.requests_per_server': { unit: 'requests', atMost: 30 },
  'operator.rss_mib': { unit: 'MiB', atMost: 250 },
  'node.revoke_deny_p50_ms': { unit: 'ms', atMost: 300 },
  'node.revoke_deny_p99_ms': { unit: 'ms', atMost: 1_000 },
  'node.distributor_rss_mib': { unit: 'MiB', atMost: 150 },
  'synth.yaml_1000_s': { unit: 's', atMost: 2 },
  'synth.yaml_10000_s': { unit: 's', atMost: 15 },
  'synth.yaml_growth': { unit: 'ratio', atMost: 12 },
  'synth.gitops_1000_s': { unit: 's', atMost: 2 },
  'synth.gitops_10000_s': { unit: 's', atMost: 15 },
  'synth.gitops_growth': { unit: 'ratio', atMost: 12 },
  'synth.pulumi_1000_s': { unit: 's', atMost: 2 },
  'synth.pulumi_10000_s': { unit: 's', atMost: 15 },
  'synth.pulumi_growth': { unit: 'ratio', atMost: 12 },
} as const satisfies Record<string, Goal>;

export type MeasureId = keyof typeof goals;

export interface Measure {
  readonly id: MeasureId;
  readonly value: number;
  readonly unit: string;
  /** `≤ 2` or `≥ 0.4`, in the unit. */
  readonly goal: string;
  readonly met: boolean;
}

/** Four significant digits: more would claim a precision that no machine here has. */
export function rounded(value: number): number {
  return Number(value.toPrecision(4));
}

export function measure(id: MeasureId, exact: number): Measure {
  const value = rounded(exact);
  const { unit, atMost, atLeast }: Goal = goals[id];
  const met = value <= (atMost ?? Infinity) && value >= (atLeast ?? -Infinity);
  return { id, value, unit, goal: atMost === undefined ? `≥ ${atLeast ?? ''}` : `≤ ${atMost}`, met };
}

/** The middle value, or the mean of the two in the middle. NaN where there are none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)] ?? NaN;
  const lower = sorted[Math.ceil(sorted.length / 2) - 1] ?? NaN;
  return (lower + upper) / 2;
}

export type Cell = string | number;

/** Rows in aligned columns, numbers to the right. */
export function table(head: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const text = (cell: Cell): string => (typeof cell === 'number' ? String(rounded(cell)) : cell);
  const widths = head.map((title, i) =>
    Math.max(title.length, ...rows.map((row) => text(row[i] ?? '').length)),
  );
  const line = (cells: readonly Cell[], isHead: boolean): string =>
    widths
      .map((width, i) => {
        const cell = cells[i] ?? '';
        const right = isHead ? typeof rows[0]?.[i] === 'number' : typeof cell === 'number';
        return right ? text(cell).padStart(width) : text(cell).padEnd(width);
      })
      .join('  ')
      .trimEnd();
  return [line(head, true), ...rows.map((row) => line(row, false))].join('\n');
}

export function measureTable(measures: readonly Measure[]): string {
  return table(
    ['measure', 'value', 'unit', 'goal', ''],
    measures.map(({ id, value, unit, goal, met }) => [id, value, unit, goal, met ? 'met' : 'MISSED']),
  );
}
