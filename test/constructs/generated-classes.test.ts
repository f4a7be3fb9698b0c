// The classes that cdk8s generates from the CRDs, beside the constructs: what a program can say with one, it can say
// with the other, and the API server gets the same. The compiler checks the names and enums of these props.
import { describe, expect, it } from '@jest/globals';
import * as generated from '#imports/mcpruntime.org.ts';
import program from '#examples/quickstart/program.ts';
import { synthesise } from '#render/synthesise.ts';

const rendered = synthesise(program).charts.flatMap(({ objects }) => objects.map(({ manifest }) => manifest));

function manifestOf(kind: string, name: string): unknown {
  return rendered.find((manifest) => manifest.kind === kind && manifest.metadata.name === name);
}

/** As the API server keeps it: without members that are undefined, and times without fractions of a second. */
function kept(manifest: unknown): unknown {
  return JSON.parse(JSON.stringify(manifest).replaceAll('.000Z"', 'Z"'));
}

const named = (name: string) => ({ name, namespace: 'mcp-servers' });

type Tool = generated.McpServerSpecTools;
const read = generated.McpServerSpecToolsSideEffect.READ;
const write = generated.McpServerSpecToolsSideEffect.WRITE;
const { LOW, MEDIUM } = generated.McpServerSpecToolsRequiredTrust;

describe('a generated class renders what the construct renders:', () => {
  it('a server', () => {
    const tools: Tool[] = [
      { name: 'echo', sideEffect: read, requiredTrust: LOW },
      { name: 'get-sum', sideEffect: read, requiredTrust: LOW },
      { name: 'get-tiny-image', sideEffect: read, requiredTrust: LOW },
      { name: 'trigger-long-running-operation', sideEffect: read, requiredTrust: MEDIUM },
      { name: 'toggle-simulated-logging', sideEffect: write, requiredTrust: LOW },
    ];
    const manifest: unknown = generated.McpServer.manifest({
      metadata: named('everything'),
      spec: {
        description: 'The reference server of the protocol',
        image: 'example.org/mcp/everything:2026.8.31',
        port: 3001,
        tools,
        auth: { mode: generated.McpServerSpecAuthMode.HEADER },
        session: { required: false },
        gateway: { enabled: true, stripPrefix: '/everything' },
        analytics: { enabled: true },
      },
    });
    expect(kept(manifest)).toEqual(manifestOf('MCPServer', 'everything'));
  });

  it('a grant', () => {
    const allow = generated.McpAccessGrantSpecToolRulesDecision.ALLOW;
    const requiredTrust = generated.McpAccessGrantSpecToolRulesRequiredTrust.LOW;
    const tools = ['list_notes', 'read_note', 'whoami', 'export_notes', 'add_note', 'delete_note'];
    const manifest: unknown = generated.McpAccessGrant.manifest({
      metadata: named('editors'),
      spec: {
        serverRef: named('notes'),
        subject: { humanId: 'user-1', agentId: 'agent-1' },
        maxTrust: generated.McpAccessGrantSpecMaxTrust.MEDIUM,
        allowedSideEffects: [
          generated.McpAccessGrantSpecAllowedSideEffects.READ,
          generated.McpAccessGrantSpecAllowedSideEffects.WRITE,
        ],
        toolRules: tools.map((name) => ({ name, decision: allow, requiredTrust })),
      },
    });
    expect(kept(manifest)).toEqual(manifestOf('MCPAccessGrant', 'editors'));
  });

  it('a session', () => {
    const manifest: unknown = generated.McpAgentSession.manifest({
      metadata: named('old'),
      spec: {
        serverRef: named('notes'),
        subject: { humanId: 'user-1', agentId: 'agent-1' },
        consentedTrust: generated.McpAgentSessionSpecConsentedTrust.MEDIUM,
        expiresAt: new Date('2020-01-01T00:00:00Z'),
      },
    });
    expect(kept(manifest)).toEqual(manifestOf('MCPAgentSession', 'old'));
  });
});
