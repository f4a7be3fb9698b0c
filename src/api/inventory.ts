// What runs and who may call it, as the sentinel shows it: one JSON document that the platform's runner writes by
// atomic rename. It is a picture for people; nothing is authorised from it.
import { z } from 'zod';
import { SIDE_EFFECTS } from './side-effect.ts';
import { TRUST_LEVELS } from './trust.ts';

const text = z.string().max(4096);
const name = z.string().min(1).max(253);

export const SERVER_STATES = ['starting', 'ready', 'failed', 'stopped'] as const;
export const SESSION_STATES = ['active', 'expired', 'revoked'] as const;

/** Set fields all have to match; none set means any verified caller. */
export const inventorySubject = z.object({
  humanId: text.optional(),
  agentId: text.optional(),
  teamId: text.optional(),
});

const inventoryTool = z.object({
  name: text,
  requiredTrust: z.enum(TRUST_LEVELS).optional(),
  /** Absent where the server's user declared none; such a tool is denied. */
  sideEffect: z.enum(SIDE_EFFECTS).optional(),
});

export const inventoryServer = z.object({
  namespace: name,
  name,
  /** Where callers reach it: the proxy's URL. Absent while it has none. */
  url: text.optional(),
  state: z.enum(SERVER_STATES),
  /** One sentence about the state: why it failed, what it waits for. */
  message: text.optional(),
  description: text.optional(),
  /** Revision of the policy document that its proxy enforces. */
  policyRevision: text.optional(),
  tools: z.array(inventoryTool).max(1000),
});

export const inventoryGrant = z.object({
  namespace: name,
  name,
  /** The server it is for: `name` in its own namespace, or `namespace/name`. */
  server: text,
  subject: inventorySubject,
  maxTrust: z.enum(TRUST_LEVELS),
  disabled: z.boolean(),
});

export const inventorySession = z.object({
  namespace: name,
  name,
  server: text,
  subject: inventorySubject,
  consentedTrust: z.enum(TRUST_LEVELS),
  expiresAt: z.iso.datetime().optional(),
  state: z.enum(SESSION_STATES),
});

export const inventory = z.object({
  servers: z.array(inventoryServer).max(10_000),
  grants: z.array(inventoryGrant).max(100_000),
  sessions: z.array(inventorySession).max(100_000),
});

export type Inventory = z.output<typeof inventory>;
export type InventoryServer = z.output<typeof inventoryServer>;
export type InventoryGrant = z.output<typeof inventoryGrant>;
export type InventorySession = z.output<typeof inventorySession>;
export type InventorySubject = z.output<typeof inventorySubject>;
export type ServerState = (typeof SERVER_STATES)[number];

export const EMPTY_INVENTORY: Inventory = { servers: [], grants: [], sessions: [] };
