// Objects around the rules of a kind: the fields that rules speak of, each from a few values on either side of them, so
// that random combinations break and keep every rule.
import fc from 'fast-check';
import type { Members } from '#test/api/build.ts';

const one = <T>(...values: readonly T[]) => fc.constantFrom(...values);

/** Each member present or not. */
const some = (members: Readonly<Record<string, fc.Arbitrary<unknown>>>): fc.Arbitrary<Members> =>
  fc.record({ ...members }, { requiredKeys: [] });

const port = one(80, 8088, 8091, 9103, 9104);
const revision = one('', 'abc', 'def');
const volume = one('data', 'gateway-policy', 'gateway-state', 'gateway-identity', 'gateway-keys');

export const serverSpecs: fc.Arbitrary<Members> = fc
  .tuple(
    some({
      port,
      servicePort: port,
      replicas: one(0, 1, 2, 3),
      ingressClass: one('', 'traefik', 'nginx', 'gateway'),
      gateway: fc.record({ enabled: one(true, true, false), port }, { requiredKeys: ['enabled'] }),
      auth: some({
        mode: one('header', 'oauth', 'oauth', 'mtls'),
        issuerURL: one('', 'https://issuer.example.org'),
        trustDomain: one('', 'example.org'),
      }),
      analytics: some({
        enabled: fc.boolean(),
        disabled: fc.boolean(),
        source: one('notes'),
        ingestURL: one('https://ingest.example.org/events'),
      }),
    }),
    some({
      rollout: some({
        strategy: one('RollingUpdate', 'Canary', 'Canary'),
        canaryReplicas: one(0, 1, 2),
        canaryWeight: one(0, 100),
        promote: revision,
        abort: revision,
      }),
      autoscaling: fc.record(
        { minReplicas: one(1, 2, 3), maxReplicas: one(1, 2, 3) },
        { requiredKeys: ['maxReplicas'] },
      ),
      gatewayRef: one({ name: 'public' }),
      ingressTLS: some({ clusterIssuer: one('letsencrypt'), issuer: one('own') }),
      podTemplate: fc.record({
        spec: some({
          volumes: volume.map((name) => [{ name, emptyDir: {} }]),
          containers: volume.map((name) => [{ volumeMounts: [{ name, mountPath: '/data' }] }]),
        }),
      }),
    }),
    // Each object has about half of the blocks, so that no rule hides behind another that is nearly always broken.
    fc.array(fc.boolean(), { minLength: 14, maxLength: 14 }),
  )
  .map(([first, second, keep]) => {
    const members = Object.entries({ ...first, ...second }).filter((_, index) => keep[index] === true);
    return { image: 'registry.example.org/notes:1.0.0', ...Object.fromEntries(members) };
  });

const identity = one('', 'user-1');
const who = { humanID: identity, agentID: identity, teamID: one('', 'team-a') };

export const grantSpecs: fc.Arbitrary<Members> = fc.record(
  { serverRef: one({ name: 'notes' }), subject: some({ ...who, anonymous: fc.boolean() }) },
  { requiredKeys: ['serverRef'] },
);

export const sessionSpecs: fc.Arbitrary<Members> = fc.record(
  {
    serverRef: one({ name: 'notes' }, { name: 'other' }, { name: 'notes', namespace: 'team-a' }),
    subject: some(who),
    consentedTrust: one('low', 'high'),
    revoked: fc.boolean(),
    policyVersion: one('v1', 'v2'),
  },
  { requiredKeys: ['serverRef', 'subject'] },
);
