// Manifests of existing installations, old and new spelling: they are taken as they are.
import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { z } from 'zod';
import { analyticsOn } from '#api/analytics.ts';
import type { Kind } from '#api/kind.ts';
import { parseResource } from '#api/parse.ts';
import { linesOf, MCPAccessGrant, MCPAgentSession, MCPServer } from './build.ts';

const APRIL_SERVER = `
apiVersion: mcpruntime.org/v1alpha1
kind: MCPServer
metadata: {name: payments, namespace: mcp-servers}
spec:
  image: registry.example.org/payments
  imageTag: v1.2.0
  replicas: 2
  port: 8088
  servicePort: 80
  publicPathPrefix: payments
  ingressHost: mcp.example.org
  ingressPath: /payments/mcp
  tools:
    - {name: list_invoices, requiredTrust: low}
    - {name: refund_invoice, requiredTrust: high}
  auth: {mode: header, humanIDHeader: X-MCP-Human-ID, agentIDHeader: X-MCP-Agent-ID, sessionIDHeader: X-MCP-Agent-Session}
  policy: {mode: allow-list, defaultDecision: deny, enforceOn: call_tool, policyVersion: v1}
  session: {required: true, store: kubernetes, headerName: X-MCP-Agent-Session, maxLifetime: 24h, idleTimeout: 1h, upstreamTokenHeader: Authorization}
  gateway: {enabled: true, port: 8091, upstreamURL: "http://127.0.0.1:8088", stripPrefix: /payments}
  analytics:
    enabled: true
    ingestURL: http://mcp-sentinel-ingest.mcp-sentinel.svc.cluster.local:8081/events
    source: payments-gateway
    eventType: mcp.request
    apiKeySecretRef: {name: mcp-sentinel-ingest, key: API_KEY}
  rollout: {strategy: Canary, maxUnavailable: 25%, maxSurge: "1", canaryReplicas: 1}
`;

const SERVER = `
apiVersion: mcpruntime.org/v1alpha1
kind: MCPServer
metadata:
  name: notes
  namespace: mcp-team-a
  creationTimestamp: null
spec:
  teamID: team-a
  description: Notes of the team.
  image: localhost:5000/notes
  useProvisionedRegistry: true
  imagePullSecrets: [regcred]
  ingressAnnotations: {example.org/note: "1"}
  resources: {requests: {cpu: 50m, memory: 64Mi}, limits: {cpu: "1", memory: 256Mi}}
  envVars: [{name: LOG_LEVEL, value: debug}]
  secretEnvVars: [{name: TOKEN, secretKeyRef: {name: notes, key: token}}]
  tools:
    - name: delete_note
      description: Deletes a note.
      requiredTrust: high
      sideEffect: destructive
      riskLevel: high
      labels: {team: a}
  prompts: [{name: summary, description: Summarises., labels: {team: a}}]
  mcpResources: [{name: "notes://all"}]
  tasks: [{name: reindex}]
  auth: {mode: mtls, teamIDHeader: X-MCP-Team-ID, trustDomain: example.org}
  gateway: {enabled: true, resources: {limits: {memory: 512Mi}}}
  analytics: {disabled: true, source: notes}
status: {}
`;

const GRANT = `
apiVersion: mcpruntime.org/v1alpha1
kind: MCPAccessGrant
metadata: {name: finance}
spec:
  serverRef: {name: payments, namespace: mcp-servers}
  subject: {humanID: user-1, agentID: agent-1, teamID: team-a}
  maxTrust: high
  allowedSideEffects: [read, write]
  policyVersion: v1
  disabled: false
  toolRules: [{name: refund_invoice, decision: deny, requiredTrust: high}]
`;

const SESSION = `
apiVersion: mcpruntime.org/v1alpha1
kind: MCPAgentSession
metadata: {name: today}
spec:
  serverRef: {name: payments}
  subject: {humanID: user-1, agentID: agent-1}
  consentedTrust: medium
  expiresAt: "2026-05-01T12:00:00Z"
  revoked: false
  upstreamTokenSecretRef: {name: upstream, key: token}
  policyVersion: v1
`;

describe('manifests of existing installations', () => {
  it.each<[string, Kind, string]>([
    ['a server with analytics.enabled and no side effects', MCPServer, APRIL_SERVER],
    ['a server with every newer field', MCPServer, SERVER],
    ['a grant', MCPAccessGrant, GRANT],
    ['a grant for everybody verified', MCPAccessGrant, GRANT.replace(/ {2}subject:.*\n/, '')],
    ['a session', MCPAgentSession, SESSION],
    ['a session without an end', MCPAgentSession, SESSION.replace(/ {2}expiresAt:.*\n/, '')],
  ])('are accepted: %s', (_what, kind, yaml) => {
    expect(linesOf(kind, parse(yaml))).toEqual([]);
  });

  it('keep every field that they set', () => {
    for (const yaml of [APRIL_SERVER, SERVER]) {
      const { spec } = z.object({ spec: z.record(z.string(), z.unknown()) }).parse(parse(yaml));
      const parsed = parseResource(MCPServer, parse(yaml));
      expect(parsed.ok && parsed.value.spec).toMatchObject(spec);
    }
  });

  it('switch recording on by enabled, by a block that says nothing, and off by either name', () => {
    expect(analyticsOn({ enabled: true })).toBe(true);
    expect(analyticsOn({})).toBe(true);
    expect(analyticsOn({ disabled: false })).toBe(true);
    expect(analyticsOn({ enabled: false })).toBe(false);
    expect(analyticsOn({ disabled: true })).toBe(false);
  });
});
