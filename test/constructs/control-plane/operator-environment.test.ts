// What the renderer sets is what the operator reads: every decision of an installation arrives, and no credential is
// ever in the tree.
import { describe, expect, it } from '@jest/globals';
import { DEFAULT_OPERATOR_CONFIG, type OperatorConfig } from '#api/operator-config.ts';
import { DEFAULT_AUTHORITY, type ControlPlaneProps } from '#constructs/control-plane/control-plane-props.ts';
import { readOperatorSettings } from '#runtime/operator/config.ts';
import { TRUST_TIMES } from '#runtime/operator/trust/trust-plan.ts';
import { environmentOf, PROPS } from './build.ts';

const CONFIG: Required<OperatorConfig> = {
  clusterName: 'lab',
  clusterDomain: 'lab.example.org',
  ingressHost: 'mcp.example.org',
  ingressClass: 'nginx',
  defaultGateway: { namespace: 'edge', name: 'public', sectionName: 'https' },
  ingressReadiness: 'permissive',
  ingressEntrypoints: 'web,websecure',
  ingressTls: true,
  ingressNamespace: 'edge',
  provisionedRegistryUrl: 'registry.example.org',
  provisionedPullSecret: 'pull',
  registryPullHost: 'localhost:32000',
  imageMirror: 'mirror.example.org/all',
  gatewayImage: 'mirror.example.org/all/proxy:1.0.0',
  gatewayOtlpEndpoint: 'http://collector.example.org:4318',
  ingestUrl: 'http://ingest.example.org/events',
  distributorUrl: 'https://distributors.example.org:9443',
  distributorServerName: 'distributors.example.org',
};

const EVERYTHING: ControlPlaneProps = {
  ...PROPS,
  config: CONFIG,
  registryCredentials: { secretName: 'login', usernameKey: 'user' },
  acknowledgementsUrl: 'http://distributor.example.org:8080',
  authority: { rotateAfterSeconds: 7200, overlapSeconds: 600 },
  keys: { rotateAfterSeconds: 86_400 },
  policyEpoch: 3,
  requeueSeconds: 30,
  legacyFieldManagers: ['manager', 'other'],
  logLevel: 'debug',
};

/** As the kubelet would fill it in. */
function read(props: ControlPlaneProps) {
  const env = environmentOf(props).map(({ name, value, valueFrom }) => {
    if (value !== undefined) return [name, value] as const;
    return [
      name,
      valueFrom !== undefined && 'secretKeyRef' in valueFrom ? 'from-the-secret' : `the-${name}`,
    ] as const;
  });
  return readOperatorSettings(Object.fromEntries(env));
}

describe('the environment of the operator', () => {
  it('says every decision of the installation in the words that the operator reads', () => {
    expect(read(EVERYTHING)).toMatchObject({
      ok: true,
      value: {
        config: CONFIG,
        registryCredentials: {
          url: 'registry.example.org',
          username: 'from-the-secret',
          password: 'from-the-secret',
        },
        acknowledgementsUrl: new URL('http://distributor.example.org:8080'),
        trust: { rotateAfterMs: 7_200_000, overlapMs: 600_000 },
        keysRotateAfterMs: 86_400_000,
        policyEpoch: 3,
        requeueMs: 30_000,
        legacyManagers: ['manager', 'other'],
        logLevel: 'debug',
        identity: 'the-POD_NAME',
        namespace: 'the-POD_NAMESPACE',
        remarks: [],
      },
    });
  });

  it('leaves to the operator what nobody decided', () => {
    const props = { image: PROPS.image, distributor: { off: { reason: 'nobody is to be enforced' } } };
    const settings = read(props);
    expect(environmentOf(props).map(({ name }) => name)).toEqual([
      'POD_NAME',
      'POD_NAMESPACE',
      'NODE_OPTIONS',
    ]);
    expect(settings).toMatchObject({ ok: true, value: { config: DEFAULT_OPERATOR_CONFIG } });
  });

  it('has the ages of an authority that the operator has by itself', () => {
    const trust = TRUST_TIMES;
    expect(DEFAULT_AUTHORITY).toEqual({
      rotateAfterSeconds: trust.rotateAfterMs / 1000,
      overlapSeconds: trust.overlapMs / 1000,
    });
  });

  it('is refused where authorities would be made faster than they come to sign', () => {
    const env = { MCP_CA_ROTATE_AFTER_SECONDS: '60', MCP_CA_OVERLAP_SECONDS: '31' };
    expect(readOperatorSettings(env)).toMatchObject({
      ok: false,
      problems: [{ variable: 'MCP_CA_OVERLAP_SECONDS' }],
    });
    expect(readOperatorSettings({ ...env, MCP_CA_OVERLAP_SECONDS: '30' }).ok).toBe(true);
  });

  it('holds credentials by reference alone', () => {
    expect(environmentOf(EVERYTHING).filter(({ name }) => /USERNAME|PASSWORD/.test(name))).toEqual([
      {
        name: 'PROVISIONED_REGISTRY_USERNAME',
        valueFrom: { secretKeyRef: { name: 'login', key: 'user' } },
      },
      {
        name: 'PROVISIONED_REGISTRY_PASSWORD',
        valueFrom: { secretKeyRef: { name: 'login', key: 'password' } },
      },
    ]);
  });
});
