// Who this proxy is towards a distributor, and whom it trusts to be one: files that the kubelet replaces in place, read
// again for every connection, so that a new token or a new CA needs no restart.
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { IDENTITY_FILES } from '#api/proxy-config.ts';

export interface StreamIdentity {
  readonly ca: string;
  readonly token: string;
  /** When the token says that it ends, in epoch milliseconds; it is the distributor that checks it. */
  readonly expiresAtMs: number | undefined;
}

/** A file is not there or not readable; the message names it and who puts it there. */
export class IdentityError extends Error {
  constructor(file: string, remedy: string, cause: unknown) {
    super(`${file} can't be read; ${remedy}`, { cause });
    this.name = 'IdentityError';
  }
}

export async function readIdentity(folder: string): Promise<StreamIdentity> {
  const ca = await read(
    path.join(folder, IDENTITY_FILES.ca),
    "it comes from the ConfigMap mcp-runtime-ca of the server's namespace, which the operator writes",
  );
  const token = await read(
    path.join(folder, IDENTITY_FILES.policyToken),
    'it is a projected token of the pod; look at the volumes of its proxy container',
  );
  return { ca, token: token.trim(), expiresAtMs: expiryOf(token.trim()) };
}

async function read(file: string, remedy: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new IdentityError(file, remedy, error);
  }
}

const claims = z.object({ exp: z.number().positive() });

/** The `exp` of a JWT, unverified; undefined where it says none. */
export function expiryOf(token: string): number | undefined {
  const payload = token.split('.')[1];
  if (payload === undefined) return undefined;
  try {
    const read = claims.safeParse(JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')));
    return read.success ? read.data.exp * 1000 : undefined;
  } catch {
    return undefined;
  }
}

/** Part of a token's remaining life that is left when it is replaced, and its bounds. */
const RENEW = { part: 0.1, spread: 0.05, leastMs: 5_000, mostMs: 600_000 } as const;
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/**
 * How long a stream may go on with a token before it is opened again with the one that the kubelet has put there since
 * (it does so at 80 % of a token's life). Undefined where it does not end, or so soon that a new stream would be no
 * better: then the distributor ends it.
 */
export function renewalMs(
  expiresAtMs: number | undefined,
  nowMs: number,
  chance = Math.random(),
): number | undefined {
  if (expiresAtMs === undefined) return undefined;
  const leftMs = expiresAtMs - nowMs;
  const marginMs = Math.max(RENEW.leastMs, leftMs * (RENEW.part + RENEW.spread * chance));
  const waitMs = leftMs - Math.min(RENEW.mostMs, marginMs);
  return waitMs <= 0 ? undefined : Math.min(waitMs, LONGEST_TIMER_MS);
}
