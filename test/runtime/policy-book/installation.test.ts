// Whoever compiles policy for an installation has to come to the same revision, so all read the same variables alike.
import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { compilePolicy } from '#policy/compile.ts';
import { readOperatorSettings } from '#runtime/operator/config.ts';
import { INSTALLATION_VARIABLES, installationConfigOf } from '#runtime/policy-book/installation.ts';
import { readEnv, type Env } from '#runtime/process/env.ts';
import { aGrant, aServer, aSession } from '#test/policy/build.ts';

const REGISTRY = {
  PROVISIONED_REGISTRY_URL: 'reg.example.org',
  PROVISIONED_REGISTRY_USERNAME: 'robot',
  PROVISIONED_REGISTRY_PASSWORD: 'hidden',
};

const EVERYTHING: Env = {
  MCP_CLUSTER_NAME: 'eu-1',
  MCP_CLUSTER_DOMAIN: 'corp.local',
  MCP_DEFAULT_INGRESS_HOST: 'mcp.example.org',
  DEFAULT_INGRESS_CLASS: 'nginx',
  MCP_DEFAULT_INGRESS_TLS: 'true',
  MCP_DEFAULT_GATEWAY: 'edge/public',
  MCP_INGRESS_READINESS_MODE: 'permissive',
  MCP_DISTRIBUTOR_URL: 'https://mcp-runtime-distributor-pods.mcp-runtime.svc.cluster.local:9443',
  MCP_DISTRIBUTOR_SERVER_NAME: 'mcp-runtime-distributor.mcp-runtime.svc',
  MCP_IMAGE_MIRROR: 'm.example.org',
  MCP_GATEWAY_PROXY_IMAGE: 'example.org/proxy:1',
  MCP_SENTINEL_INGEST_URL: 'http://ingest/events',
  MCP_POLICY_EPOCH: '4',
};

/** As a distributor reads it. */
function installation(env: Env) {
  const read = readEnv(z.object(INSTALLATION_VARIABLES), env);
  if (!read.ok) throw new Error(JSON.stringify(read.problems));
  return { config: installationConfigOf(read.value), epoch: read.value.MCP_POLICY_EPOCH };
}

/** As the operator reads it. */
function operator(env: Env) {
  const read = readOperatorSettings(env);
  if (!read.ok) throw new Error(JSON.stringify(read.problems));
  return { config: read.value.config, epoch: read.value.policyEpoch };
}

const inputs = { servers: '1', grants: '1', sessions: '1', tombstones: '1' };

function revision({ config, epoch }: ReturnType<typeof operator>, auth: 'header' | 'oauth'): string {
  const server = aServer({ auth: { mode: auth, issuerURL: 'https://issuer.example.org' } });
  const objects = { grants: [aGrant()], sessions: [aSession()], tombstones: [] };
  return compilePolicy({ server, ...objects, config, inputs, epoch }).document.revision;
}

describe('an installation', () => {
  it.each([{}, EVERYTHING])('is the same to its operator and to its distributors', (env) => {
    expect(installation(env)).toEqual(operator(env));
  });

  it.each(['header', 'oauth'] as const)(
    'gets one revision of a policy from all of them, credentials or none (auth %s)',
    (auth) => {
      expect(revision(installation(EVERYTHING), auth)).toBe(
        revision(operator({ ...EVERYTHING, ...REGISTRY }), auth),
      );
      // What follows from the variables is in the policy: leaving one out would show.
      expect(revision(installation({}), auth)).not.toBe(revision(operator(EVERYTHING), auth));
    },
  );

  it('says where proxies hear of policy, as an origin', () => {
    expect(installation(EVERYTHING).config).toMatchObject({
      distributorUrl: 'https://mcp-runtime-distributor-pods.mcp-runtime.svc.cluster.local:9443',
      distributorServerName: 'mcp-runtime-distributor.mcp-runtime.svc',
    });
  });
});
