// A policy document as a ConfigMap holds it, and as it lies in a folder: plain text while it is small, compressed when
// it is not, and in place of what is too large for any ConfigMap a stub that denies everything. A stub says why, and
// which revision it stands for; a proxy that gets that revision another way enforces it instead.
import { gunzipSync, gzipSync } from 'node:zlib';
import { z } from 'zod';
import { POLICY_FILE_KEY } from '#api/proxy-config.ts';
import { err, type Problem, type Result } from '#api/result.ts';
import {
  parsePolicy,
  renderPolicy,
  sealPolicy,
  standsFor,
  stubFeature,
  type PolicyDocument,
} from './document.ts';

/** Keys of a ConfigMap, and names of files; where both are there the plain one counts. */
export const POLICY_KEYS = { plain: POLICY_FILE_KEY, gzip: `${POLICY_FILE_KEY}.gz` } as const;

export const POLICY_FILE_LIMITS = {
  /** Most bytes of plain text. */
  plain: 256 * 1024,
  /** Most bytes of compressed text; the API server takes 1 MiB, metadata not included. */
  gzip: 900 * 1024,
  /** Most bytes that compressed text may unfold to, so that a file can't exhaust its reader. */
  unfolded: 128 * 1024 * 1024,
} as const;

export type PolicyForm = 'plain' | 'gzip' | 'stub';

/** Members of a ConfigMap. */
export interface PolicyFiles {
  readonly form: PolicyForm;
  readonly data?: Readonly<Record<string, string>>;
  /** Base64, as in the API. */
  readonly binaryData?: Readonly<Record<string, string>>;
}

/** Which policy a ConfigMap holds; for a stub, the revision that it stands for. */
export interface HeldPolicy {
  readonly revision: string;
  readonly form: PolicyForm;
}

/** Byte of a gzip header that names the system it was made on. */
const SYSTEM_BYTE = 9;
const UNKNOWN_SYSTEM = 255;

/** Equal text gives equal bytes on every system, as long as the compressor is the same; compare revisions, not bytes. */
function compress(text: string): Buffer {
  const bytes = gzipSync(text, { level: 9 });
  bytes[SYSTEM_BYTE] = UNKNOWN_SYSTEM;
  return bytes;
}

function unfold(bytes: Uint8Array): string {
  return gunzipSync(bytes, { maxOutputLength: POLICY_FILE_LIMITS.unfolded }).toString('utf8');
}

/**
 * The stub of a document: same server and callers, nothing allowed. It is made from the same view, so a proxy leaves an
 * older policy for it, and keeps the document itself where it has it.
 */
export function stubOf(document: PolicyDocument): PolicyDocument {
  return sealPolicy(
    {
      schema: document.schema,
      requires: [stubFeature(document.revision)],
      server: document.server,
      auth: document.auth,
      policy: { ...document.policy, mode: 'allow-list', defaultDecision: 'deny' },
      session: document.session,
      audit: document.audit,
      ...(document.limits !== undefined && { limits: document.limits }),
      tools: [],
      subjects: [],
      deniedToAll: [],
      sessions: [],
    },
    document.inputs,
    document.epoch,
  );
}

/** What the ConfigMap of a document holds. Costs time in proportion to the document; compressing a large one, much. */
export function policyFiles(document: PolicyDocument): PolicyFiles {
  const text = renderPolicy(document);
  if (Buffer.byteLength(text) <= POLICY_FILE_LIMITS.plain) {
    return { form: 'plain', data: { [POLICY_KEYS.plain]: text } };
  }
  const bytes = compress(text);
  if (bytes.length <= POLICY_FILE_LIMITS.gzip) {
    return { form: 'gzip', binaryData: { [POLICY_KEYS.gzip]: bytes.toString('base64') } };
  }
  return { form: 'stub', data: { [POLICY_KEYS.plain]: renderPolicy(stubOf(document)) } };
}

const configMap = z.object({
  data: z.object({ [POLICY_KEYS.plain]: z.string().optional() }).nullish(),
  binaryData: z.object({ [POLICY_KEYS.gzip]: z.string().optional() }).nullish(),
});

interface HeldText {
  readonly text: string;
  readonly compressed: boolean;
}

/** The text in a ConfigMap; plain text comes first, as for a proxy. */
function textIn(object: unknown): HeldText | undefined {
  const read = configMap.safeParse(object);
  if (!read.success) return undefined;
  const plain = read.data.data?.[POLICY_KEYS.plain];
  if (plain !== undefined) return { text: plain, compressed: false };
  const folded = read.data.binaryData?.[POLICY_KEYS.gzip];
  if (folded === undefined) return undefined;
  try {
    return { text: unfold(Buffer.from(folded, 'base64')), compressed: true };
  } catch {
    return undefined;
  }
}

const label = z.object({
  schema: z.string(),
  requires: z.array(z.string()),
  revision: z.string(),
});

/**
 * Which policy a live ConfigMap holds, as far as it says so itself: the document is not proven whole, because whoever
 * asks wants to know whether to write, not what to enforce.
 * @returns undefined where it holds none, or one that nobody can read
 */
export function readPolicyFiles(object: unknown): HeldPolicy | undefined {
  const held = textIn(object);
  if (held === undefined) return undefined;
  try {
    const read = label.safeParse(JSON.parse(held.text));
    if (!read.success) return undefined;
    const { requires, revision } = read.data;
    const represented = standsFor({ requires });
    if (represented !== undefined) return { revision: represented, form: 'stub' };
    return { revision, form: held.compressed ? 'gzip' : 'plain' };
  } catch {
    return undefined;
  }
}

/** The document in a ConfigMap, proven whole. */
export function openPolicyFiles(object: unknown): Result<PolicyDocument, readonly Problem[]> {
  const held = textIn(object);
  if (held !== undefined) return parsePolicy(held.text);
  const message = `has neither ${POLICY_KEYS.plain} nor a readable ${POLICY_KEYS.gzip}`;
  return err([{ path: '(data)', message }]);
}

/**
 * The text of a policy file, unfolded where its name says that it is compressed.
 * Throws where it can't be: a reader treats that like a file that can't be read.
 */
export function policyTextOf(name: string, bytes: Uint8Array): string {
  return name.endsWith('.gz') ? unfold(bytes) : Buffer.from(bytes).toString('utf8');
}
