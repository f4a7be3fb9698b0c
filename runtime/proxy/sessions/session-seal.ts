// The id of an MCP session as its caller sees it. The server's own id and the pod that holds the session are sealed in
// it for one caller and one server, so an id that was stolen, guessed or altered opens for nobody, and any proxy of the
// server that has the keys can tell where the session is.
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { KeyRing } from '../keys/key-ring.ts';
import { BoundedMap } from '../state/bounded-map.ts';

/** Where a session is, and what the server calls it. */
export interface PlacedSession {
  readonly host: string;
  /** Of the listener for peers. */
  readonly port: number;
  readonly podUid: string;
  readonly id: string;
}

interface Opened {
  readonly subjectKey: string;
  readonly session: PlacedSession;
}

const CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** Visible ASCII, as the protocol has it. */
const SERVER_ID = /^[!-~]{1,1024}$/;
const SEALED = /^([a-z0-9]{1,16})\.([A-Za-z0-9_-]{38,2000})$/;
const OPENED_KEPT = 10_000;

export class SessionSeal {
  private readonly keys: KeyRing;
  private readonly server: string;
  private opened = new BoundedMap<Opened>(OPENED_KEPT);
  private generation: number;

  constructor(keys: KeyRing, server: { readonly name: string; readonly namespace: string }) {
    this.keys = keys;
    this.server = `${server.namespace}/${server.name}`;
    this.generation = keys.generation;
  }

  /** Undefined where the server's id is none that MCP allows, or too long to be passed on. */
  seal(session: PlacedSession, subjectKey: string): string | undefined {
    if (!SERVER_ID.test(session.id)) return undefined;
    const { id, key } = this.keys.sealing('session');
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES });
    cipher.setAAD(this.boundTo(subjectKey));
    const { host, port, podUid } = session;
    const text = cipher.update([host, port, podUid, session.id].join('\n'), 'utf8');
    const bytes = Buffer.concat([nonce, text, cipher.final(), cipher.getAuthTag()]);
    return `${id}.${bytes.toString('base64url')}`;
  }

  /** Undefined where it was not sealed for this caller and server, or by a key that is gone. */
  open(sealed: string, subjectKey: string): PlacedSession | undefined {
    if (this.generation !== this.keys.generation) {
      this.generation = this.keys.generation;
      this.opened = new BoundedMap(OPENED_KEPT);
    }
    const known = this.opened.get(sealed);
    if (known !== undefined) return known.subjectKey === subjectKey ? known.session : undefined;
    const session = this.decipher(sealed, subjectKey);
    if (session !== undefined) this.opened.set(sealed, { subjectKey, session });
    return session;
  }

  private decipher(sealed: string, subjectKey: string): PlacedSession | undefined {
    const [, keyId = '', text = ''] = SEALED.exec(sealed) ?? [];
    const key = this.keys.opening('session', keyId);
    const bytes = Buffer.from(text, 'base64url');
    if (key === undefined || bytes.toString('base64url') !== text) return undefined;
    const decipher = createDecipheriv(CIPHER, key, bytes.subarray(0, NONCE_BYTES), {
      authTagLength: TAG_BYTES,
    });
    decipher.setAAD(this.boundTo(subjectKey));
    decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
    try {
      const start = decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES));
      return placed(Buffer.concat([start, decipher.final()]).toString('utf8'));
    } catch {
      return undefined;
    }
  }

  private boundTo(subjectKey: string): Buffer {
    return Buffer.from(`${this.server}\n${subjectKey}`);
  }
}

/** What was sealed here, so its shape is known. */
function placed(text: string): PlacedSession {
  const [host = '', port = '', podUid = '', id = ''] = text.split('\n');
  return { host, port: Number(port), podUid, id };
}
