// MCPAgentSession: a subject's time-boxed consent for one server. Revocation is one-way.
import { z } from 'zod';
import { defineKind, type Resource } from './kind.ts';
import {
  dnsSubdomain,
  instant,
  secretKeyRef,
  serverRef,
  statusBase,
  subject,
  text,
  trust,
} from './schema.ts';

const spec = z.object({
  serverRef: serverRef.describe('The server this session is about. It cannot change.'),
  subject: subject.describe('Whose session it is: every field that is set has to match. It cannot change.'),
  consentedTrust: trust
    .default('low')
    .describe('Trust the subject consents to; the lower of this and the grant counts.'),
  expiresAt: instant
    .optional()
    .describe(
      "When the consent ends. The server's session.maxLifetime, counted from creation, may end it before.",
    ),
  revoked: z
    .boolean()
    .optional()
    .describe('Ends the session now. It cannot be taken back: make a new session instead.'),
  ttlSecondsAfterExpired: z
    .int32()
    .min(0)
    .optional()
    .describe('Seconds after expiry or revocation until the object is removed. Without it the object stays.'),
  upstreamTokenSecretRef: secretKeyRef
    .optional()
    .describe('Credential that the proxy presents to the server on behalf of this session.'),
  policyVersion: text(64)
    .optional()
    .describe('Label of the policy this session belongs to, carried into audit.'),
});

const status = z.object({
  ...statusBase,
  phase: z
    .enum(['Pending', 'Active', 'Expired', 'Revoked', 'Invalid', 'Unbound'])
    .optional()
    .describe('Pending, Active, Expired, Revoked, Invalid or Unbound (no such server).'),
  message: text(32768).optional().describe('What the phase means here.'),
  boundServer: text(320).optional().describe('namespace/name of the server the session is bound to.'),
  expiresAt: instant
    .optional()
    .describe("When it ends: the earlier of spec.expiresAt and creation plus the server's maxLifetime."),
});

export const MCPAgentSession = defineKind({
  kind: 'MCPAgentSession',
  plural: 'mcpagentsessions',
  singular: 'mcpagentsession',
  shortNames: ['mcpsession', 'mcpsessions'],
  description: "A subject's time-boxed consent to let an agent use one MCPServer, up to a trust.",
  name: dnsSubdomain,
  spec,
  status,
  rules: [
    {
      rule: `(has(self.subject.humanID) && self.subject.humanID != '') || (has(self.subject.agentID) && self.subject.agentID != '') || (has(self.subject.teamID) && self.subject.teamID != '')`,
      message: 'a session needs a subject: set humanID, agentID or teamID',
      fieldPath: '.subject',
      reason: 'FieldValueRequired',
    },
    {
      rule: `!(has(oldSelf.revoked) && oldSelf.revoked) || (has(self.revoked) && self.revoked)`,
      message: 'a revoked session stays revoked; make a new session instead',
      fieldPath: '.revoked',
      reason: 'FieldValueForbidden',
    },
    {
      rule: 'self.subject == oldSelf.subject',
      message: 'the subject of a session cannot change; make a new session instead',
      fieldPath: '.subject',
      reason: 'FieldValueForbidden',
    },
    {
      rule: 'self.serverRef == oldSelf.serverRef',
      message: 'the server of a session cannot change; make a new session instead',
      fieldPath: '.serverRef',
      reason: 'FieldValueForbidden',
    },
  ],
  printerColumns: [
    {
      name: 'Server',
      type: 'string',
      jsonPath: '.spec.serverRef.name',
      description: 'Server the session is about',
    },
    {
      name: 'Human',
      type: 'string',
      jsonPath: '.spec.subject.humanID',
      description: 'Human whose session it is',
    },
    {
      name: 'Agent',
      type: 'string',
      jsonPath: '.spec.subject.agentID',
      description: 'Agent whose session it is',
    },
    {
      name: 'Team',
      type: 'string',
      jsonPath: '.spec.subject.teamID',
      description: 'Team whose session it is',
    },
    { name: 'Trust', type: 'string', jsonPath: '.spec.consentedTrust', description: 'Trust consented to' },
    { name: 'Revoked', type: 'boolean', jsonPath: '.spec.revoked', description: 'Whether it was revoked' },
    { name: 'Expires', type: 'string', jsonPath: '.spec.expiresAt', description: 'When it ends' },
    { name: 'Phase', type: 'string', jsonPath: '.status.phase', description: 'Whether it is in force' },
    {
      name: 'Age',
      type: 'date',
      jsonPath: '.metadata.creationTimestamp',
      description: 'Time since creation',
    },
  ],
});

export type McpAgentSession = Resource<typeof MCPAgentSession>;
export type McpAgentSessionSpec = z.output<typeof spec>;
/** The spec as an author writes it: defaulted fields may be left out. */
export type McpAgentSessionSpecInput = z.input<typeof spec>;
