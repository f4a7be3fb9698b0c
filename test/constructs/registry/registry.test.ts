import { describe, expect, it } from '@jest/globals';
import { DEFAULT_OPERATOR_CONFIG } from '#api/operator-config.ts';
import { controlPlaneProblems } from '#constructs/control-plane/control-plane-problems.ts';
import {
  REGISTRY_MODES,
  registrySettings,
  type RegistryProps,
} from '#constructs/registry/registry-settings.ts';
import { Registry } from '#constructs/registry/registry.ts';
import { z } from 'zod';
import { aChart, manifestOfKind, manifestsOf, refusal } from '../build.ts';
import { PROPS } from '../control-plane/build.ts';

const BUNDLED = { image: 'example.org/registry:3.0.0', htpasswdSecret: 'registry-users' };
const CREDENTIALS = { secretName: 'registry-login' };

function made(props: RegistryProps) {
  const chart = aChart();
  return { chart, registry: new Registry(chart, 'registry', props) };
}

const deployment = z.object({
  spec: z.object({
    template: z.object({
      spec: z.object({
        volumes: z.array(z.looseObject({ name: z.string() })),
        containers: z.tuple([
          z.looseObject({
            env: z.array(z.object({ name: z.string(), value: z.string() })),
            volumeMounts: z.array(z.object({ name: z.string(), mountPath: z.string() }).loose()),
            readinessProbe: z.looseObject({ httpGet: z.looseObject({ scheme: z.string().optional() }) }),
          }),
        ]),
      }),
    }),
  }),
});

const podOf = (props: RegistryProps) =>
  deployment.parse(manifestOfKind(made(props).chart, 'Deployment')).spec.template.spec;

describe('the registry of an installation', () => {
  it('is of one of these modes', () => {
    expect(registrySettings.options.map(({ shape }) => shape.mode.value)).toEqual(REGISTRY_MODES);
  });

  it('is these objects with a certificate, all in its namespace', () => {
    const objects = manifestsOf(made({ mode: 'bundled-https', ...BUNDLED, nodePort: 32_000 }).chart);
    expect(objects).toMatchSnapshot();
    for (const { kind, metadata } of objects) {
      expect([kind, metadata.namespace]).toEqual([kind, kind === 'Namespace' ? undefined : 'registry']);
    }
  });

  it('is nothing of ours where it is there already, or nowhere', () => {
    expect(manifestsOf(made({ mode: 'external', host: 'registry.example.org/mcp' }).chart)).toEqual([]);
    expect(manifestsOf(made({ mode: 'none' }).chart)).toEqual([]);
  });

  it.each<RegistryProps>([
    { mode: 'bundled-http', ...BUNDLED },
    { mode: 'bundled-https', ...BUNDLED },
    { mode: 'bundled-http', image: BUNDLED.image, open: { reason: 'It is a laptop.' } },
  ])('mounts what it has, and reads only what it mounts: %j', (props) => {
    const { volumes, containers } = podOf(props);
    const [{ volumeMounts, env, readinessProbe }] = containers;
    expect(volumeMounts.map(({ name }) => name)).toEqual(volumes.map(({ name }) => name));
    const paths = env.map(({ value }) => value).filter((value) => value.startsWith('/'));
    for (const path of paths) {
      expect(volumeMounts.map(({ mountPath }) => mountPath)).toContainEqual(
        expect.stringMatching(new RegExp(`^(${path}|${path.replace(/\/[^/]+$/, '')})$`)),
      );
    }
    expect(readinessProbe.httpGet.scheme).toBe(props.mode === 'bundled-https' ? 'HTTPS' : undefined);
  });

  it('is what the operator pulls from, by the name that it expects anyway', () => {
    const { registry } = made({ mode: 'bundled-http', ...BUNDLED });
    const usual = 'registry.registry.svc.cluster.local:5000';
    expect(usual).toBe(DEFAULT_OPERATOR_CONFIG.registryPullHost);
    expect(registry.config).toEqual({ provisionedRegistryUrl: usual, registryPullHost: usual });
    expect(made({ mode: 'none' }).registry.config).toEqual({});
  });

  it('gives the platform what it takes of it', () => {
    const props = { mode: 'external', host: 'registry.example.org/mcp', credentials: CREDENTIALS } as const;
    const { registry } = made({ ...props, pullSecret: 'pull' });
    expect(registry.config.provisionedPullSecret).toBe('pull');
    expect(
      controlPlaneProblems({
        ...PROPS,
        config: registry.config,
        ...(registry.credentials && { registryCredentials: registry.credentials }),
      }),
    ).toEqual([]);
  });

  it('has a certificate for the names that it is called by, where it needs one of ours', () => {
    const names = (host?: string) =>
      made({ mode: 'bundled-https', ...BUNDLED, host }).registry.certificateNames.slice(3);
    expect(names('images.example.org:5000/mcp')).toEqual(['images.example.org']);
    expect(names('10.0.0.7:32000')).toEqual([]);
    expect(names()).toEqual([]);
    expect(made({ mode: 'bundled-http', ...BUNDLED }).registry.certificateNames).toEqual([]);
  });

  it('names no secret and holds none', () => {
    const text = JSON.stringify(
      manifestsOf(made({ mode: 'bundled-https', ...BUNDLED, credentials: CREDENTIALS }).chart),
    );
    expect(text).not.toContain('registry-login');
    expect(text).not.toContain('"kind":"Secret"');
  });
});

describe('a registry, given bad input,', () => {
  it.each<[RegistryProps, readonly string[]]>([
    [{ mode: 'bundled-http', image: BUNDLED.image }, ['htpasswdSecret']],
    [
      { mode: 'bundled-http', image: 'registry', nodePort: 0, open: { reason: '' } },
      ['image', 'nodePort', 'open.reason'],
    ],
    [{ mode: 'external', host: 'https://user:secret@registry.example.org' }, ['host']],
  ])('says everything that is wrong: %j', (props, paths) => {
    expect(refusal(() => made(props)).problems.map(({ path }) => path)).toEqual(paths);
  });
});
