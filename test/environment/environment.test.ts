import { describe, expect, it } from '@jest/globals';
import { PROFILES } from '#constructs/kit/settings.ts';
import { parseEnvironmentFile } from '#environment/environment-file.ts';
import { parseEnvironment } from '#environment/environment.ts';
import { environmentRows } from '#environment/reference.ts';
import { stringify } from 'yaml';
import { LEAST, problemsWith } from './build.ts';

describe('an environment', () => {
  it.each(PROFILES)('of profile %s is whole with the least that it asks for', (profile) => {
    expect(parseEnvironment(LEAST[profile])).toMatchSnapshot();
  });

  it.each(PROFILES)('of profile %s means the same once it was read', (profile) => {
    const first = parseEnvironment(LEAST[profile]);
    expect(first.ok && parseEnvironment(first.value)).toEqual(first);
  });

  it('is a Gateway with TLS, unless it is a laptop', () => {
    const kinds = PROFILES.map((profile) => {
      const parsed = parseEnvironment(LEAST[profile]);
      return parsed.ok ? [profile, parsed.value.ingress.class, parsed.value.tls.mode] : [profile];
    });
    expect(kinds).toEqual([
      ['laptop', 'traefik', 'none'],
      ['team', 'gateway', 'private-ca'],
      ['production', 'gateway', 'acme'],
    ]);
  });

  it('tells everything that is wrong at once, with what was probably meant', () => {
    const wrong = {
      ...LEAST.team,
      profil: 'team',
      name: 'My Cluster',
      ingress: { class: 'gatway' },
      tls: { mode: 'acme', email: 'nobody', dns01: { provider: 'cloudfare' } },
      controlPlane: { logLevel: 'inf', replicas: 0 },
      teams: { lab: { quotas: {} } },
    };
    expect(problemsWith(wrong)).toEqual([
      'name must be lower-case letters, digits and \'-\', with a letter or digit at both ends, not "My Cluster"',
      'ingress.class must be one of gateway, traefik, nginx, community-nginx, istio, generic, not "gatway"; did you mean "gateway"?',
      'tls.email must be a mail address, not "nobody"',
      'tls.dns01.provider must be one of cloudflare, route53, cloud-dns, azure-dns, not "cloudfare"; did you mean "cloudflare"?',
      'controlPlane.replicas must be at least 1, not 0',
      'controlPlane.logLevel must be one of debug, info, warn, error, not "inf"; did you mean "info"?',
      'teams.lab.quotas is no value here; did you mean "quota"?',
      'profil is no value here; did you mean "profile"?',
    ]);
  });

  it.each<[string, unknown, readonly string[]]>([
    ['no GatewayClass', { ...LEAST.team, ingress: undefined }, ['ingress.gatewayClassName is required']],
    [
      'no host for a certificate',
      { ...LEAST.team, host: undefined },
      ['host is required: tls mode private-ca'],
    ],
    [
      'a wildcard without DNS',
      { ...LEAST.production, moreHosts: ['*.example.org'] },
      ['moreHosts[0] is a wildcard, which needs tls.dns01'],
    ],
    [
      'more hosts than a Gateway has listeners for',
      { ...LEAST.team, moreHosts: Array.from({ length: 63 }, (_, index) => `h${index}.example.org`) },
      ['moreHosts must have at most 62'],
    ],
    [
      'a Gateway whose name leaves no place for that of its redirect',
      { ...LEAST.team, ingress: { gatewayClassName: 'contour', name: 'g'.repeat(245) } },
      ['ingress.name must have at most 244 characters'],
    ],
    ...[
      'https://m.example.org',
      'mirror/all',
      'user@m.example.org',
      'm.example.org/All',
      'm.example.org/',
    ].map((mirror): [string, unknown, readonly string[]] => [
      `a mirror ${mirror}`,
      { ...LEAST.laptop, images: { ...LEAST.laptop.images, mirror } },
      ['images.mirror must be a host with a dot or a port'],
    ]),
    [
      'images without a version',
      { ...LEAST.laptop, images: { repository: 'example.org/mcp' } },
      ['images.tag is required: a repository and a tag'],
    ],
    [
      'no images',
      { profile: 'laptop', sentinel: { enabled: false } },
      ['images.operator is required', 'images.distributor is required', 'images.proxy is required'],
    ],
    [
      'a floating tag',
      { ...LEAST.laptop, images: { ...LEAST.laptop.images, tag: 'latest' } },
      ['images.tag must be a version, not latest'],
    ],
    [
      'no TLS in production',
      { ...LEAST.production, tls: undefined },
      ['tls.mode is required: one of none, acme,'],
    ],
    ['a list', [], [' must be an object, not a list']],
  ])('of %s is told', (_what, raw, starts) => {
    expect(problemsWith(raw)).toEqual(starts.map((start) => expect.stringContaining(start)));
  });

  it('of no profile, or of one that there is not, is told which there are', () => {
    expect(problemsWith({})).toContain('profile is required: one of laptop, team, production');
    expect(problemsWith({ ...LEAST.laptop, profile: 'producton' })).toContain(
      'profile must be one of laptop, team, production, not "producton"; did you mean "production"?',
    );
  });

  it('of production refuses what is not safe, all of it at once', () => {
    const unsafe = {
      ...LEAST.production,
      tls: { mode: 'none' },
      registry: { mode: 'bundled-http', image: 'example.org/registry:3.0.0', htpasswdSecret: 'users' },
      sentinel: { storage: { ephemeral: { reason: 'It is only a record.' } } },
      controlPlane: { replicas: 1, distributors: 1 },
    };
    expect(problemsWith(unsafe).map((problem) => problem.split(' ')[0])).toEqual([
      'tls.mode',
      'registry.mode',
      'sentinel.storage.ephemeral',
      'controlPlane.replicas',
      'controlPlane.distributors',
    ]);
    expect(problemsWith({ ...unsafe, profile: 'team' })).toEqual([]);
  });
});

describe('the file of an environment', () => {
  it('is what its YAML says', () => {
    for (const profile of PROFILES) {
      expect(parseEnvironmentFile(stringify(LEAST[profile]), 'env.yaml')).toEqual(
        parseEnvironment(LEAST[profile]),
      );
    }
  });

  it('is told with the line of each mistake, or of what is around it', () => {
    const text = [
      'profile: team',
      'host: mcp.example.org',
      'images: {repository: example.org/mcp, tag: 1.0.0}',
      'ingress:',
      '  class: gateway',
      'teams:',
      '  lab:',
      '    egress:',
      '      - cidr: example.org',
      '    own: 1',
    ].join('\n');
    expect(parseEnvironmentFile(text, 'team.yaml')).toEqual({
      ok: false,
      error: [
        'team.yaml:4:1: ingress.gatewayClassName is required',
        'team.yaml:9:9: teams.lab.egress[0].cidr must be addresses such as 203.0.113.0/24',
        expect.stringMatching(/^team\.yaml:10:5: teams\.lab\.own is no value here/),
      ],
    });
  });

  it.each([
    ['', 'env.yaml:1:1: profile is required'],
    ['- 1', 'env.yaml:1:1: the file must be an object'],
    ['profile: [', 'env.yaml:1:11: is no YAML'],
    ['a: 1\na: 2', 'env.yaml:2:1: is no YAML'],
    ['x'.repeat(1_048_577), 'env.yaml: is longer than 1048576 characters'],
  ])('is refused where it is none (%#)', (text, start) => {
    const parsed = parseEnvironmentFile(text, 'env.yaml');
    expect(parsed.ok ? '' : parsed.error[0]).toContain(start);
  });
});

describe('the values of an environment', () => {
  it('each say what they are', () => {
    expect(environmentRows().filter(({ description }) => description === '')).toEqual([]);
  });

  it('are all of those that can be set', () => {
    const paths = environmentRows().map(({ path }) => path);
    expect(paths).toEqual(
      expect.arrayContaining([
        'profile',
        'ingress.gatewayClassName',
        'tls.dns01.apiToken.key',
        'registry.storage.size',
        'teams.<id>.members.deploy[].name',
      ]),
    );
    expect(new Set(paths).size).toBeGreaterThan(90);
  });
});
