// MCPAccessGrant: a standing permission for a subject to use tools of one server, up to a trust.
import { z } from 'zod';
import { defineKind, type Resource } from './kind.ts';
import { dnsSubdomain, listMap, listSet, serverRef, statusBase, subject, text, trust } from './schema.ts';
import { SIDE_EFFECTS } from './side-effect.ts';

const toolRule = z.object({
  name: z.string().min(1).max(128).describe('Name of the tool, as the server declares it.'),
  decision: z
    .enum(['allow', 'deny'])
    .describe(
      'allow: the tool may be called within this grant. deny: nobody this grant matches may call it, whatever other grants say.',
    ),
  requiredTrust: trust
    .default('low')
    .describe("Trust this rule asks for on top of the tool's own; binds this grant only."),
  condition: text(2048)
    .optional()
    .describe(
      'CEL expression over args, subject and tool. The rule applies where it is true; where it fails, an allow does not apply and a deny does.',
    ),
});

const spec = z.object({
  serverRef: serverRef.describe('The server this grant is about.'),
  subject: subject
    .extend({
      anonymous: z
        .boolean()
        .optional()
        .describe(
          'Matches callers that nobody identified (auth mode none), and nobody else. Excludes the other fields.',
        ),
    })
    .optional()
    .describe('Whom the grant is for: every field that is set has to match. Empty: any verified caller.'),
  maxTrust: trust.default('low').describe('The most trust this grant gives.'),
  allowedSideEffects: listSet(z.enum(SIDE_EFFECTS), 3)
    .optional()
    .describe('Side effects of tools that may be called. Empty: none.'),
  toolRules: listMap(toolRule, 'name', 512)
    .optional()
    .describe(
      'Rules for single tools. Without any, the grant covers every declared tool whose side effect it allows.',
    ),
  policyVersion: text(64)
    .optional()
    .describe('Label of the policy this grant belongs to, carried into audit.'),
  disabled: z.boolean().optional().describe('Switches the grant off: it neither allows nor denies.'),
});

const status = z.object({
  ...statusBase,
  phase: z
    .enum(['Pending', 'Active', 'Disabled', 'Invalid', 'Unbound'])
    .optional()
    .describe('Pending, Active, Disabled, Invalid or Unbound (no such server).'),
  message: text(32768).optional().describe('What the phase means here.'),
  boundServer: text(320).optional().describe('namespace/name of the server the grant is bound to.'),
});

export const MCPAccessGrant = defineKind({
  kind: 'MCPAccessGrant',
  plural: 'mcpaccessgrants',
  singular: 'mcpaccessgrant',
  shortNames: ['mcpgrant', 'mcpgrants'],
  description: 'A standing permission for a subject to use tools of one MCPServer, up to a trust.',
  name: dnsSubdomain,
  spec,
  status,
  rules: [
    {
      rule: `!has(self.subject) || !has(self.subject.anonymous) || !self.subject.anonymous || !((has(self.subject.humanID) && self.subject.humanID != '') || (has(self.subject.agentID) && self.subject.agentID != '') || (has(self.subject.teamID) && self.subject.teamID != ''))`,
      message: 'an anonymous subject has no humanID, agentID or teamID',
      fieldPath: '.subject.anonymous',
    },
  ],
  printerColumns: [
    {
      name: 'Server',
      type: 'string',
      jsonPath: '.spec.serverRef.name',
      description: 'Server the grant is about',
    },
    { name: 'Human', type: 'string', jsonPath: '.spec.subject.humanID', description: 'Human it is for' },
    { name: 'Agent', type: 'string', jsonPath: '.spec.subject.agentID', description: 'Agent it is for' },
    { name: 'Team', type: 'string', jsonPath: '.spec.subject.teamID', description: 'Team it is for' },
    { name: 'Trust', type: 'string', jsonPath: '.spec.maxTrust', description: 'Most trust it gives' },
    {
      name: 'Disabled',
      type: 'boolean',
      jsonPath: '.spec.disabled',
      description: 'Whether it is switched off',
    },
    { name: 'Phase', type: 'string', jsonPath: '.status.phase', description: 'Whether it is in force' },
    {
      name: 'Age',
      type: 'date',
      jsonPath: '.metadata.creationTimestamp',
      description: 'Time since creation',
    },
  ],
});

export type McpAccessGrant = Resource<typeof MCPAccessGrant>;
export type McpAccessGrantSpec = z.output<typeof spec>;
/** The spec as an author writes it: defaulted fields may be left out. */
export type McpAccessGrantSpecInput = z.input<typeof spec>;
