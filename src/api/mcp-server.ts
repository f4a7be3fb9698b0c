// MCPServer: one MCP server, its workload, its tools and how callers are governed.
import type { z } from 'zod';
import { defineKind, type Resource } from './kind.ts';
import { mcpServerRules } from './mcp-server-rules.ts';
import { mcpServerSpec } from './mcp-server-spec.ts';
import { mcpServerStatus } from './mcp-server-status.ts';
import { serviceName } from './schema.ts';

export const MCPServer = defineKind({
  kind: 'MCPServer',
  plural: 'mcpservers',
  singular: 'mcpserver',
  shortNames: ['mcp', 'mcps'],
  description: 'An MCP server, its workload, its tools and how its callers are governed.',
  name: serviceName,
  spec: mcpServerSpec,
  status: mcpServerStatus,
  rules: mcpServerRules,
  printerColumns: [
    { name: 'Team', type: 'string', jsonPath: '.spec.teamID', description: 'Team that owns it' },
    { name: 'Phase', type: 'string', jsonPath: '.status.phase', description: 'Summary of what was observed' },
    {
      name: 'Policy',
      type: 'boolean',
      jsonPath: '.status.policyReady',
      description: 'Whether its policy is in force',
    },
    {
      name: 'Gateway',
      type: 'boolean',
      jsonPath: '.status.gatewayReady',
      description: 'Whether the proxy runs',
    },
    {
      name: 'Ready',
      type: 'boolean',
      jsonPath: '.status.deploymentReady',
      description: 'Whether its pods are available',
    },
    {
      name: 'Age',
      type: 'date',
      jsonPath: '.metadata.creationTimestamp',
      description: 'Time since creation',
    },
    {
      name: 'Reason',
      type: 'string',
      jsonPath: '.status.conditions[?(@.type=="Ready")].reason',
      description: 'Why it is in its phase',
      priority: 1,
    },
    {
      name: 'URL',
      type: 'string',
      jsonPath: '.status.resolved.url',
      description: 'Where it is reached',
      priority: 1,
    },
    {
      name: 'Image',
      type: 'string',
      jsonPath: '.status.resolved.image',
      description: 'Image that runs',
      priority: 1,
    },
  ],
});

export type McpServer = Resource<typeof MCPServer>;
export type McpServerSpec = z.output<typeof mcpServerSpec>;
/** The spec as an author writes it: defaulted fields may be left out. */
export type McpServerSpecInput = z.input<typeof mcpServerSpec>;
export type McpServerStatus = z.output<typeof mcpServerStatus>;
