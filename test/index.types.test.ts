// The types of the public surface. Nothing here runs but one test: each `@ts-expect-error` is checked when the tests
// are compiled, and fails there as soon as what stands below it is accepted.
import { describe, expect, it } from '@jest/globals';
import {
  Auth,
  Gateway,
  McpServer,
  PlatformStack,
  SentinelStack,
  ServerRef,
  ServersStack,
  SideEffect,
  Subject,
  Tool,
  ToolRule,
  Trust,
  type App,
  type Program,
} from '@mcp-runtime/platform';

const image = 'example.org/notes:1';
const auth = Auth.header();

export const accepted: Program = (app: App) => {
  const stack = new ServersStack(app, 'demo');
  const tools = [Tool.read('look'), { name: 'change', sideEffect: 'write', requiredTrust: 'high' }] as const;
  const server = new McpServer(stack, 'notes', { image, auth, tools, session: { maxLifetime: '8h' } });
  server.expose({ host: 'mcp.example.org' }).grant('readers', {
    subject: Subject.ANY_VERIFIED,
    maxTrust: Trust.HIGH,
    sideEffects: [SideEffect.READ, 'write'],
    tools: [ToolRule.allow('look', { requiredTrust: 'medium' }), { name: 'change', decision: 'deny' }],
  });
  server.session('demo', { subject: { team: 'lab' }, consentedTrust: 'low', expiresAt: new Date(0) });
  const reference: ServerRef = server;
  const elsewhere: ServerRef = ServerRef.named('team-b', 'search');
  new PlatformStack(app, 'platform', {
    image,
    distributor: { image },
    config: {
      gatewayImage: image,
      ingressReadiness: 'permissive',
      provisionedRegistryUrl: 'registry.example.org',
    },
    registryCredentials: { secretName: 'registry' },
  });
  const apiToken = { secretName: 'sentinel-api' };
  const sentinel = new SentinelStack(app, 'sentinel', { image, apiToken, storage: { size: '50Gi' } });
  sentinel.ingestUrl.trim();
  new McpServer(stack, 'open', { image, auth, gateway: Gateway.off({ reason: elsewhere.serverName }) });
  reference.declaredTools?.join();
};

export const refused: Program = (app) => {
  const stack = new ServersStack(app, 'demo');
  // @ts-expect-error a server says how its callers are identified
  const server = new McpServer(stack, 'notes', { image });
  // @ts-expect-error a server has an image
  new McpServer(stack, 'a', { auth });
  // @ts-expect-error a mode has to be one of those there are
  new McpServer(stack, 'b', { image, auth: { mode: 'basic' } });
  // @ts-expect-error a tool says what it does to the world
  new McpServer(stack, 'c', { image, auth, tools: [{ name: 'look' }] });
  // @ts-expect-error a server without a proxy says why
  new McpServer(stack, 'd', { image, auth, gateway: Gateway.off() });
  // @ts-expect-error a proxy is switched off by Gateway.off alone
  new McpServer(stack, 'e', { image, auth, gateway: { enabled: false } });
  // @ts-expect-error what is misspelt is not ignored
  new McpServer(stack, 'f', { image, auth, replica: 2 });
  // @ts-expect-error OAuth has an issuer
  Auth.oauth({ audience: 'notes' });
  // @ts-expect-error there is no such trust
  Tool.read('look', { requiredTrust: 'highest' });

  // @ts-expect-error a platform says which operator runs it
  new PlatformStack(app, 'a', {});
  // @ts-expect-error a credential is named, never given
  new PlatformStack(app, 'b', { image, registryCredentials: { username: 'u', password: 'p' } });

  // @ts-expect-error a token is named, never given
  new SentinelStack(app, 'c', { image, apiToken: 'secret' });
  // @ts-expect-error events that are lost with a pod need a reason
  new SentinelStack(app, 'd', { image, apiToken: { secretName: 's' }, storage: { ephemeral: true } });

  const subject = { human: 'user-1' };
  // @ts-expect-error a grant says how much trust it gives
  server.grant('a', { subject, sideEffects: [] });
  // @ts-expect-error a grant says whom it is for
  server.grant('b', { maxTrust: 'low', sideEffects: [] });
  // @ts-expect-error a rule that denies asks for no trust
  ToolRule.deny('look', { requiredTrust: 'low' });
  // @ts-expect-error a session is somebody's
  server.session('a', { subject: Subject.ANONYMOUS, consentedTrust: 'low' });
  // @ts-expect-error times are absolute
  server.session('b', { subject, consentedTrust: 'low', expiresIn: '8h' });
  // @ts-expect-error a revocation is not taken back
  server.session('c', { subject, consentedTrust: 'low', revoked: false });
  // @ts-expect-error what was checked does not change
  server.serverName = 'other';
};

describe('the types of the public surface', () => {
  it('describe programs', () => {
    expect([typeof accepted, typeof refused]).toEqual(['function', 'function']);
  });
});
