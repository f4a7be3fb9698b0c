// What a running platform says about itself: the answer of the control endpoint, and what the CLI prints.
import { z } from 'zod';
import { TRUST_LEVELS } from '#api/trust.ts';
import { TROUBLE_CODES } from './trouble.ts';

const trouble = z.object({
  code: z.enum(TROUBLE_CODES),
  what: z.string(),
  where: z.string(),
  remedy: z.string(),
  evidence: z.array(z.string()).readonly().optional(),
});

const phase = z.enum(['starting', 'running', 'restarting', 'failed', 'stopped']);

const part = z.object({
  phase,
  pid: z.number().int().optional(),
  restarts: z.number().int(),
  trouble: trouble.optional(),
});

const server = z.object({
  namespace: z.string(),
  name: z.string(),
  /** Where callers reach it: the proxy. */
  url: z.string(),
  /** Ready when calls pass: server and proxy run, and the proxy enforces a policy. */
  state: z.enum(['starting', 'ready', 'failed']),
  server: part,
  proxy: part,
  policy: z.object({
    file: z.string(),
    /** Revision that was compiled last, and the one that the proxy says it enforces. */
    wanted: z.string(),
    enforced: z.string().optional(),
    /** Why the proxy refused the file that lies there. */
    error: z.string().optional(),
  }),
  /** The server's own port, where it can be reached from other machines, past its proxy. */
  exposedPort: z.number().int().optional(),
  /** Headers that say who calls. */
  headers: z.object({ human: z.string(), agent: z.string(), team: z.string(), session: z.string() }),
  tools: z.array(z.string()).readonly(),
});

const session = z.object({
  namespace: z.string(),
  name: z.string(),
  server: z.string(),
  subject: z.object({
    human: z.string().optional(),
    agent: z.string().optional(),
    team: z.string().optional(),
  }),
  consentedTrust: z.enum(TRUST_LEVELS),
  state: z.enum(['active', 'expired', 'revoked']),
  expiresAt: z.string().optional(),
  revokedAt: z.string().optional(),
});

export const platformStatus = z.object({
  pid: z.number().int(),
  startedAt: z.string(),
  program: z.object({
    file: z.string(),
    /** Of the last edit, where it could not be used; what ran before goes on running. */
    trouble: trouble.optional(),
  }),
  stateDir: z.string(),
  manifests: z.object({ folder: z.string(), count: z.number().int() }),
  console: z.object({
    url: z.string(),
    /** What the sentinel says is wrong with it while it runs. */
    problem: z.string().optional(),
  }),
  sentinel: part,
  servers: z.array(server).readonly(),
  sessions: z.array(session).readonly(),
});

export type PlatformStatus = z.output<typeof platformStatus>;
export type ServerStatus = z.output<typeof server>;
export type SessionStatus = z.output<typeof session>;
export type PartStatus = z.output<typeof part>;
