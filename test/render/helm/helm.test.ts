// What the charts hold. That the real Helm renders from them what the program says is tested on a cluster.
import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { Chart } from 'cdk8s';
import { parse } from 'yaml';
import { z } from 'zod';
import { renderHelm } from '#render/helm/helm.ts';
import { InvalidProgramError } from '#render/invalid-program-error.ts';
import { synthesise, type Program } from '#render/synthesise.ts';
import { VERSION } from '#render/version.ts';
import { ServersStack } from '#stacks/servers-stack.ts';
import { aServer } from '../../constructs/build.ts';
import { anObject, imageOf, manifestsOf, wholePlatform } from '../programs.ts';

const chartOf = (program: Program) => {
  const texts = new Map(renderHelm(synthesise(program)).map(({ path, text }) => [path, text]));
  const text = (path: string) => texts.get(path) ?? `no file ${path}`;
  return { paths: [...texts.keys()], text, values: (): unknown => parse(text('mcp-runtime/values.yaml')) };
};

const whole = chartOf(wholePlatform('notes'));

describe('renderHelm', () => {
  it('is a chart of the definitions and one of everything else, with a template for each object', () => {
    const counted = (chart: string) =>
      whole.paths.filter((path) => path.startsWith(`${chart}/templates/`)).length;
    const manifests = manifestsOf(synthesise(wholePlatform('notes')));
    const definitions = manifests.filter(({ kind }) => kind === 'CustomResourceDefinition').length;
    expect([counted('mcp-runtime-crds'), counted('mcp-runtime')]).toEqual([
      definitions,
      manifests.length - definitions,
    ]);
    expect(whole.paths.filter((path) => !path.includes('/templates/'))).toEqual([
      ...[
        'mcp-runtime-crds/Chart.yaml',
        'mcp-runtime-crds/values.schema.json',
        'mcp-runtime-crds/values.yaml',
      ],
      ...['mcp-runtime/Chart.yaml', 'mcp-runtime/values.schema.json', 'mcp-runtime/values.yaml'],
    ]);
  });

  it('keeps definitions and namespaces when a release goes, and nothing else', () => {
    const kept = whole.paths.filter((path) => whole.text(path).includes('helm.sh/resource-policy: keep'));
    expect(kept.map((path) => path.split('/').at(-1)?.split('.')[0])).toEqual([
      ...Array<string>(3).fill('customresourcedefinition'),
      ...Array<string>(3).fill('namespace'),
    ]);
  });

  it('has values for what environments differ in, and the program as their default', () => {
    expect(whole.values()).toEqual({
      cluster: { ingressNamespace: 'ingress' },
      distributor: {
        image: imageOf('distributor'),
        replicas: 2,
        resources: { requests: { cpu: '100m', memory: '128Mi' }, limits: { cpu: '500m', memory: '256Mi' } },
      },
      operator: {
        image: imageOf('operator'),
        replicas: 2,
        resources: { requests: { cpu: '100m', memory: '128Mi' }, limits: { cpu: '500m', memory: '512Mi' } },
      },
      proxy: { image: imageOf('proxy') },
      sentinel: {
        image: imageOf('sentinel'),
        resources: { requests: { cpu: '200m', memory: '512Mi' }, limits: { cpu: '1', memory: '2Gi' } },
        storage: { size: '20Gi' },
      },
    });
    const deployment = whole.text(
      'mcp-runtime/templates/platform/deployment.mcp-runtime.mcp-runtime-distributor.yaml',
    );
    expect(deployment).toContain('image: {{ .Values.distributor.image | quote }}\n');
    expect(deployment).toContain('replicas: {{ .Values.distributor.replicas | int }}\n');
    expect(deployment).toContain('resources: {{ .Values.distributor.resources | toJson }}\n');
    expect(deployment).toContain('value: {{ .Values.proxy.image | quote }}\n');
  });

  it('has one value for a host and for a class, wherever the program says them', () => {
    const { values, text } = chartOf((app) => {
      const stack = new ServersStack(app, 'team');
      const host = 'mcp.example.org';
      const externalUrl = 'https://mcp.example.org/notes';
      aServer(stack, { route: { host, ingressClass: 'nginx-internal', externalUrl } }, 'notes');
      const metadata = { name: 'docs' };
      const ingress = { apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', metadata };
      anObject(stack, 'docs', {
        ...ingress,
        spec: { ingressClassName: 'nginx-internal', rules: [{ host }] },
      });
    });
    expect(values()).toEqual({
      hosts: { 'mcp.example.org': 'mcp.example.org' },
      ingressClasses: { 'nginx-internal': 'nginx-internal' },
    });
    const server = text('mcp-runtime/templates/team/mcpserver.mcp-servers.notes.yaml');
    expect(server).toContain('ingressHost: {{ index .Values "hosts" "mcp.example.org" | quote }}\n');
    expect(server).toContain('ingressClass: {{ index .Values "ingressClasses" "nginx-internal" | quote }}\n');
    expect(server).toContain('externalURL: https://{{ index .Values "hosts" "mcp.example.org" }}/notes\n');
    const ingress = text('mcp-runtime/templates/team/ingress.mcp-servers.docs.yaml');
    expect(ingress).toContain('host: {{ index .Values "hosts" "mcp.example.org" | quote }}\n');
  });

  it('has certificates follow the hosts of ways in, and no other name of theirs', () => {
    const host = 'mcp.example.org';
    const { values, text } = chartOf((app) => {
      const stack = new ServersStack(app, 'team');
      aServer(stack, { route: { host } }, 'notes');
      anObject(stack, 'edge', {
        apiVersion: 'cert-manager.io/v1',
        kind: 'Certificate',
        metadata: { name: 'edge', namespace: 'edge' },
        spec: { dnsNames: ['registry.example.org', host] },
      });
    });
    expect(values()).toEqual({ hosts: { [host]: host } });
    expect(text('mcp-runtime/templates/team/certificate.edge.edge.yaml')).toContain(
      `    - registry.example.org\n    - {{ index .Values "hosts" "${host}" | quote }}\n`,
    );
  });

  it('keeps apart what is called alike, and templates no second meaning of a value', () => {
    const deployment = (image: string, namespace: string) => ({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'web', namespace },
      spec: { template: { spec: { containers: [{ name: 'web', image }] } } },
    });
    const { values } = chartOf((app) => {
      const chart = new Chart(app, 'two');
      anObject(chart, 'a', deployment('example.org/web:1', 'team-a'));
      anObject(chart, 'b', deployment('example.org/web:2', 'team-b'));
    });
    expect(values()).toEqual({
      teamAWeb: { image: 'example.org/web:1' },
      teamBWeb: { image: 'example.org/web:2' },
    });
  });

  it('lets Helm execute nothing that is data', () => {
    const { text } = chartOf((app) => {
      const data = { 'rules.yaml': 'summary: "{{ $labels.job }} is down" {{{ SLOT0E }}' };
      anObject(new Chart(app, 'alerts'), 'rules', { metadata: { name: 'rules', namespace: 'team' }, data });
    });
    const template = text('mcp-runtime/templates/alerts/configmap.team.rules.yaml');
    expect(template).toContain(
      String.raw`summary: \"{{ "{{" }} $labels.job }} is down\" {{ "{{" }}{ SLOT0E }}`,
    );
    expect(template.replaceAll('{{ "{{" }}', '')).not.toContain('{{');
  });

  it('describes every value, so that Helm refuses one that is misspelt', () => {
    const schema = z
      .object({ properties: z.looseObject({ operator: z.object({ properties: z.looseObject({}) }) }) })
      .loose();
    const read = schema.parse(JSON.parse(whole.text('mcp-runtime/values.schema.json')));
    expect(Object.keys(read.properties).sort()).toEqual([
      ...['cluster', 'distributor', 'global', 'operator', 'proxy', 'sentinel'],
    ]);
    expect(read).toMatchObject({ additionalProperties: false });
    expect(Object.keys(read.properties.operator.properties)).toEqual(['image', 'replicas', 'resources']);
  });

  it('marks every file in its first line', () => {
    for (const path of whole.paths)
      expect(whole.text(path).split('\n')[0]).toContain('Written by mcp-runtime synth');
  });

  it('is the same whatever the order of the program', () => {
    expect(renderHelm(synthesise(wholePlatform('a', 'b')))).toEqual(
      renderHelm(synthesise(wholePlatform('b', 'a'))),
    );
  });

  it('refuses a secret', () => {
    const program = synthesise((app) => {
      anObject(new Chart(app, 'keys'), 'token', { kind: 'Secret', stringData: { token: 'of-somebody' } });
    });
    expect(() => renderHelm(program)).toThrow(InvalidProgramError);
  });

  it('carries the version of the package', () => {
    const { version } = z
      .object({ version: z.string() })
      .parse(JSON.parse(readFileSync('package.json', 'utf8')));
    expect(VERSION).toBe(version);
  });
});
