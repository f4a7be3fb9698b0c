import { beforeAll, describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { z } from 'zod';
import { LABELS, PLATFORM, serverLabels } from '#api/labels.ts';
import { controlPlaneObjects } from '#constructs/control-plane/control-plane.ts';
import type { Manifest } from '#constructs/kit/manifest.ts';
import { DASHBOARDS } from '#constructs/observability/dashboards.ts';
import type { ObservabilityProps } from '#constructs/observability/observability-settings.ts';
import { Observability } from '#constructs/observability/observability.ts';
import { RULE_GROUPS } from '#constructs/observability/rules.ts';
import { TARGETS } from '#constructs/observability/targets.ts';
import { sentinelObjects } from '#constructs/sentinel/sentinel.ts';
import { aChart, manifestsOf, refusal } from '../build.ts';
import { PROPS } from '../control-plane/build.ts';
import { objectsOf, storedServer } from '../server/workload-build.ts';
import { declaredMetrics, labelsIn, metricsIn, type DeclaredMetrics } from './metrics.ts';

let declared: DeclaredMetrics;
beforeAll(async () => {
  declared = await declaredMetrics();
});

function objectsFor(props: ObservabilityProps): readonly Manifest[] {
  const chart = aChart();
  new Observability(chart, 'observability', props);
  return manifestsOf(chart);
}

const alerts = RULE_GROUPS.flatMap(({ rules }) => rules);

const target = z.object({ expr: z.string(), refId: z.string() }).loose();
const board = z.object({
  uid: z.string(),
  panels: z.array(z.object({ title: z.string(), targets: z.array(target).min(1) }).loose()).min(1),
});

function expressions(): readonly (readonly [string, string])[] {
  return [
    ...alerts.map(({ alert, expr }) => [alert, expr] as const),
    ...Object.values(DASHBOARDS).flatMap((dashboard) =>
      board
        .parse(dashboard)
        .panels.flatMap(({ title, targets }) => targets.map(({ expr }) => [title, expr] as const)),
    ),
  ];
}

describe('alerts and dashboards', () => {
  it('read metrics that programs have, by labels that these have', () => {
    expect(declared.names.size).toBeGreaterThan(35);
    const wrong = expressions().flatMap(([where, expr]) =>
      [
        ...metricsIn(expr).filter((name) => !declared.names.has(name)),
        ...labelsIn(expr).filter((label) => !declared.labels.has(label)),
      ].map((name) => `${where}: ${name}`),
    );
    expect(wrong).toEqual([]);
    expect(expressions().filter(([, expr]) => metricsIn(expr).length === 0)).toEqual([]);
  });

  it('would be told if they read anything else', () => {
    expect(metricsIn('rate(mcp_gateway_requests{a="b"}[5m])').every((name) => declared.names.has(name))).toBe(
      false,
    );
    expect(
      labelsIn('sum by (severity) (x{tool=~"a"})').filter((label) => !declared.labels.has(label)),
    ).toEqual(['tool', 'severity']);
  });

  it('have names of their own, and say what to do', () => {
    expect(new Set(alerts.map(({ alert }) => alert)).size).toBe(alerts.length);
    for (const { alert, summary, description } of alerts) {
      expect([alert, summary.endsWith('.'), description.length > 20]).toEqual([alert, true, true]);
    }
    const boards = Object.values(DASHBOARDS).map((dashboard) => board.parse(dashboard));
    expect(new Set(boards.map(({ uid }) => uid)).size).toBe(boards.length);
  });
});

const pods = z.object({
  spec: z.object({
    template: z.object({
      metadata: z.object({ labels: z.record(z.string(), z.string()) }),
      spec: z.object({
        containers: z.array(z.looseObject({ ports: z.array(z.looseObject({ name: z.string() })) })),
      }),
    }),
  }),
});

/** Labels and port names of the pods of every program, as they are rendered. */
function renderedPods() {
  const objects = [
    ...controlPlaneObjects(PROPS),
    ...sentinelObjects({ image: 'example.org/sentinel:1', apiToken: { secretName: 'token' } }),
    ...objectsOf(storedServer()),
  ];
  return objects
    .filter(({ kind }) => kind === 'Deployment' || kind === 'StatefulSet')
    .map((object) => {
      const { template } = pods.parse(object).spec;
      const ports = template.spec.containers.flatMap((container) => container.ports.map(({ name }) => name));
      return { namespace: object.metadata.namespace, labels: template.metadata.labels, ports };
    });
}

describe('what is scraped', () => {
  it.each(TARGETS.map((each) => [each.name, each] as const))(
    '%s is pods that there are, at a port that they have',
    (_name, each) => {
      const found = renderedPods().filter(
        ({ namespace, labels }) =>
          (each.namespace === undefined || each.namespace === namespace) &&
          Object.entries(each.labels).every(([label, value]) => labels[label] === value),
      );
      expect(found).toHaveLength(1);
      expect(found[0]?.ports).toContain(each.port);
    },
  );

  it('is told to a Prometheus Operator in its own kinds', () => {
    const objects = objectsFor({ metrics: 'prometheus-operator', labels: { release: 'main' } });
    expect(objects.filter(({ kind }) => kind === 'PodMonitor')).toMatchSnapshot();
    expect(objects.map(({ kind, metadata }) => [kind, metadata.name, metadata.labels?.release])).toEqual([
      ...TARGETS.map(({ name }) => ['PodMonitor', name, 'main']),
      ['PrometheusRule', 'mcp-runtime', 'main'],
    ]);
  });

  it('is told to a plain Prometheus in two files', () => {
    const [object] = objectsFor({ metrics: 'scrape-config', namespace: 'watch' });
    expect(object?.metadata).toMatchObject({ name: 'mcp-runtime-prometheus', namespace: 'watch' });
    const data = z.record(z.string(), z.string()).parse(object?.data);
    expect(data['scrape.yaml']).toMatchSnapshot();
    const jobs = z.object({ scrape_configs: z.array(z.looseObject({ job_name: z.string() })) });
    expect(
      jobs.parse(parse(data['scrape.yaml'] ?? '')).scrape_configs.map(({ job_name }) => job_name),
    ).toEqual(TARGETS.map(({ name }) => name));
    const groups = z.object({ groups: z.array(z.object({ name: z.string(), rules: z.array(z.unknown()) })) });
    expect(groups.parse(parse(data['rules.yaml'] ?? '')).groups.map(({ rules }) => rules.length)).toEqual(
      RULE_GROUPS.map(({ rules }) => rules.length),
    );
  });

  it('is told to Grafana where it looks', () => {
    const objects = objectsFor({ dashboards: true, datasource: 'http://prometheus.monitoring.svc:9090' });
    expect(
      objects.map(({ metadata }) => [
        metadata.name,
        metadata.labels?.grafana_dashboard,
        metadata.labels?.grafana_datasource,
      ]),
    ).toEqual([
      ['mcp-runtime-dashboard-servers', '1', undefined],
      ['mcp-runtime-dashboard-platform', '1', undefined],
      ['mcp-runtime-datasource', undefined, '1'],
    ]);
    const [servers] = objects;
    const data = z.record(z.string(), z.string()).parse(servers?.data);
    expect(JSON.parse(data['mcp-runtime-servers.json'] ?? '')).toEqual(DASHBOARDS.servers);
  });

  it('is nothing unless it is asked for, and never the label of what the operator makes', () => {
    expect(objectsFor({})).toEqual([]);
    const all = objectsFor({ metrics: 'scrape-config', dashboards: true });
    expect(all.filter(({ metadata }) => metadata.labels?.[LABELS.managedBy] === PLATFORM)).toEqual([]);
    expect(serverLabels('notes')).toMatchObject(TARGETS[0]?.labels ?? {});
  });

  it('is refused with everything that is wrong', () => {
    const { problems } = refusal(() =>
      objectsFor({ namespace: 'A', interval: '30', datasource: 'prometheus' }),
    );
    expect(problems.map(({ path }) => path)).toEqual(['namespace', 'interval', 'datasource']);
  });
});

describe('the collector of traces', () => {
  const collector = {
    image: 'example.org/otel-collector:0.150.0',
    endpoint: 'https://traces.example.org/otlp',
  };
  const authorizationSecret = { secretName: 'traces-login' };

  it('is one hardened pod beside the sentinel, with its configuration', () => {
    const objects = objectsFor({ collector: { ...collector, authorizationSecret } });
    expect(objects).toMatchSnapshot();
    expect(new Set(objects.map(({ metadata }) => metadata.namespace))).toEqual(new Set(['mcp-sentinel']));
  });

  it('lets in the pods that the operator makes, which may go there', () => {
    const policies = [...objectsOf(storedServer()), ...objectsFor({ collector })].filter(
      ({ kind }) => kind === 'NetworkPolicy',
    );
    const [ofServer, ofCollector] = policies.map(({ spec }) => JSON.stringify(spec));
    expect(ofServer).toContain('{"matchLabels":{"kubernetes.io/metadata.name":"mcp-sentinel"}}');
    expect(ofCollector).toContain(`{"matchLabels":{"${LABELS.managedBy}":"${PLATFORM}"}}`);
    expect(ofCollector).toContain('"port":4318');
  });

  it('may connect to the port of its backend', () => {
    const egress = (endpoint: string) =>
      JSON.stringify(
        objectsFor({ collector: { ...collector, endpoint } }).find(({ kind }) => kind === 'NetworkPolicy'),
      );
    expect(egress('http://tempo.monitoring:4318')).toContain('{"port":4318,"protocol":"TCP"}]}],"ingress"');
    expect(egress('https://traces.example.org')).toContain('{"port":443,"protocol":"TCP"}]}],"ingress"');
    expect(egress('http://traces.example.org')).toContain('{"port":80,"protocol":"TCP"}]}],"ingress"');
  });

  it('reads its credential from a Secret, and its image is the same tomorrow', () => {
    const text = JSON.stringify(objectsFor({ collector: { ...collector, authorizationSecret } }));
    expect(text).toContain('"secretKeyRef":{"key":"authorization","name":"traces-login"}');
    expect(JSON.stringify(objectsFor({ collector }))).not.toContain('uthorization');
    const { problems } = refusal(() => objectsFor({ collector: { ...collector, image: 'otel:latest' } }));
    expect(problems.map(({ path }) => path)).toEqual(['collector.image']);
  });
});
