import { beforeAll, describe, expect, it } from '@jest/globals';
import { Chart, type App } from 'cdk8s';
import { InvalidProgramError } from '#render/invalid-program-error.ts';
import type { RegisterArgs } from '#render/pulumi/index.ts';
import { synthesise, type Program } from '#render/synthesise.ts';
import { z } from 'zod';
import { anObject, wholePlatform } from '../programs.ts';
import { registrations, SEALED, type Registration } from './mocks.ts';

/** Imported only when there are mocks. */
const register = (program: Program, args: RegisterArgs = {}, preview = false) =>
  registrations(
    async () => {
      const { registerPulumi } = await import('#render/pulumi/index.ts');
      registerPulumi(synthesise(program), args);
    },
    {},
    preview,
  );

const urnOf = (type: string, name: string) => `urn:pulumi:stack::project::${type}::${name}`;
const SERVER = 'kubernetes:mcpruntime.org/v1alpha1:MCPServer';
const DEPLOYMENT = 'kubernetes:apps/v1:Deployment';
const operator = urnOf(DEPLOYMENT, 'mcp-runtime/mcp-runtime-operator-controller-manager');

function named(all: readonly Registration[], what: string): Registration {
  const found = all.find((each) => each.what === what);
  if (found === undefined) throw new Error(`${what} is not among ${all.map((each) => each.what).join(', ')}`);
  return found;
}

let whole: readonly Registration[] = [];
beforeAll(async () => {
  const secrets = { 'mcp-sentinel/sentinel-api': { token: 'of-somebody' } };
  whole = await register(wholePlatform('notes'), { secrets });
}, 60_000);

describe('registerPulumi', () => {
  it('gives the types and names of the native SDK', async () => {
    const native = await registrations(async () => {
      const { apiextensions, apps, core } = await import('@pulumi/kubernetes');
      new core.v1.Namespace('team-a', {});
      const spec = { selector: {}, template: {} };
      new apps.v1.Deployment('mcp-runtime/mcp-runtime-distributor', { spec });
      const kind = { apiVersion: 'mcpruntime.org/v1alpha1', kind: 'MCPServer' };
      new apiextensions.CustomResource('team-a/notes', kind);
    });
    expect(whole.map(({ what }) => what)).toEqual(expect.arrayContaining(native.map(({ what }) => what)));
    expect(native).toHaveLength(3);
  }, 60_000);

  it('registers in a preview what an update registers', async () => {
    const secrets = { 'mcp-sentinel/sentinel-api': { token: 'of-somebody' } };
    const previewed = await register(wholePlatform('notes'), { secrets }, true);
    const byName = (all: readonly Registration[]) =>
      new Map(all.map(({ after, ...rest }) => [rest.what, { ...rest, after: [...after].sort() }]));
    expect(byName(previewed)).toEqual(byName(whole));
  });

  it('makes servers after their kinds, their namespace and the operator, and waits for nobody else', () => {
    expect([...named(whole, `${SERVER} team-a/notes`).after].sort()).toEqual(
      [
        urnOf('kubernetes:core/v1:Namespace', 'team-a'),
        ...['mcpaccessgrants', 'mcpagentsessions', 'mcpservers'].map((plural) =>
          urnOf('kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition', `${plural}.mcpruntime.org`),
        ),
        operator,
        urnOf(DEPLOYMENT, 'mcp-runtime/mcp-runtime-distributor'),
      ].sort(),
    );
  });

  it('lets no grant and no session wait for a server that does not start', () => {
    const access = whole.filter(
      ({ what }) => /MCPAccessGrant|MCPAgentSession/.test(what) && !what.includes('crd'),
    );
    expect(access).toHaveLength(2);
    for (const { after } of access) expect(after.filter((urn) => urn.includes(SERVER))).toEqual([]);
  });

  it('seals a bound secret, and starts what may read it afterwards', () => {
    const secret = named(whole, 'kubernetes:core/v1:Secret mcp-sentinel/sentinel-api');
    expect(secret.inputs).toMatchObject({ stringData: SEALED });
    expect(secret.after).toEqual([urnOf('kubernetes:core/v1:Namespace', 'mcp-sentinel')]);
    const { after } = named(whole, 'kubernetes:apps/v1:StatefulSet mcp-sentinel/mcp-sentinel');
    expect(after).toContain(urnOf('kubernetes:core/v1:Secret', 'mcp-sentinel/sentinel-api'));
  });

  it('seals what a Secret of the program holds', async () => {
    const program = (app: App) => {
      anObject(new Chart(app, 'keys', { namespace: 'team-a' }), 'token', {
        kind: 'Secret',
        data: { key: 'a2V5' },
      });
    };
    const { inputs } = named(await register(program), 'kubernetes:core/v1:Secret team-a/token');
    expect(inputs).toMatchObject({ data: SEALED, metadata: { name: 'token' } });
  });

  it.each([
    ['has no namespace', 'token', 'secrets["token"]: is to be called namespace/name'],
    ['is in the program', 'team-a/token', 'secrets["team-a/token"]: is an object of the program already'],
  ])('refuses a secret whose name %s', async (_what, name, message) => {
    const program = (app: App) => {
      anObject(new Chart(app, 'keys', { namespace: 'team-a' }), 'token', { kind: 'Secret' });
    };
    const registering = register(program, { secrets: { [name]: { key: 'k' } } });
    await expect(registering).rejects.toThrow(InvalidProgramError);
    await expect(registering).rejects.toThrow(message);
  });

  it('refuses stacks that wait for each other', async () => {
    const registering = register((app) => {
      const [one, two] = [new Chart(app, 'one'), new Chart(app, 'two')];
      anObject(one, 'a', { kind: 'Namespace' });
      anObject(one, 'b', { metadata: { name: 'b', namespace: 'c' } });
      anObject(two, 'c', { kind: 'Namespace' });
      anObject(two, 'd', { metadata: { name: 'd', namespace: 'a' } });
    });
    await expect(registering).rejects.toThrow(/each need the other/);
  });
});

describe('what pulumi up waits for', () => {
  const program = (app: App) => {
    wholePlatform('notes')(app);
    const chart = new Chart(app, 'ways-in', { namespace: 'ingress' });
    anObject(chart, 'ingress', { apiVersion: 'networking.k8s.io/v1', kind: 'Ingress' });
    anObject(chart, 'balancer', { kind: 'Service', spec: { type: 'LoadBalancer' } });
    anObject(chart, 'inner', { kind: 'Service', spec: { type: 'ClusterIP' } });
  };
  const annotated = z.object({
    metadata: z.object({ annotations: z.record(z.string(), z.string()).default({}) }),
  });
  const annotations = (all: readonly Registration[]) =>
    all.flatMap(({ what, inputs }) =>
      Object.entries(annotated.parse(inputs).metadata.annotations)
        .filter(([name]) => name.startsWith('pulumi.com/'))
        .map(([name, value]) => `${what.split(':').at(-1) ?? ''} ${name}=${value}`),
    );

  it('is that objects of ours are Ready, and no address that a cluster may never give', async () => {
    expect(annotations(await register(program)).sort()).toEqual([
      'Ingress ingress/ingress pulumi.com/skipAwait=true',
      'MCPAccessGrant team-a/notes-readers pulumi.com/waitFor=condition=Ready',
      'MCPAgentSession team-a/notes-demo pulumi.com/waitFor=condition=Ready',
      'MCPServer team-a/notes pulumi.com/waitFor=condition=Ready',
      'Service ingress/balancer pulumi.com/skipAwait=true',
    ]);
  });

  it('is decided by whoever runs it', async () => {
    const wait = { untilReady: false, forAddresses: true };
    expect(annotations(await register(program, { wait }))).toEqual([]);
  });
});

describe('a component', () => {
  it('is the parent of the resources, which know the names that they had without it', async () => {
    const all = await registrations(async () => {
      const { ProgramComponent } = await import('#render/pulumi/index.ts');
      new ProgramComponent('mcp', wholePlatform('notes'));
    });
    const [component, ...others] = all;
    expect(component?.what).toBe('mcp-runtime:index:Program mcp');
    const names = (each: readonly Registration[]) => each.map(({ what }) => what).sort();
    expect(names(others)).toEqual(names(whole).filter((what) => !what.includes('Secret ')));
    for (const { parent, aliases } of others) {
      expect(parent).toBe(urnOf('mcp-runtime:index:Program', 'mcp'));
      expect(aliases).toHaveLength(1);
    }
  });
});
