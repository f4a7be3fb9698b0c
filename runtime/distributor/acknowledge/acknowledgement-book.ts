// What every proxy said last, by server: which policy it enforces, how its audit goes; and whether its server could be
// reached past it, which this distributor tried. A proxy whose streams are gone is forgotten.
import type { PolicyMark } from '#api/distributor-api.ts';
import { objectKey, type ObjectRef } from '#api/principal.ts';
import type { ProxyWord } from '../stream/proxy-stream.ts';

/** One proxy's, as the operator reads it. */
export interface Acknowledgement extends PolicyMark {
  readonly podUid: string;
  readonly auditDeliveredAt?: string | undefined;
  readonly auditDelayed?: boolean | undefined;
  readonly reachablePastProxy?: boolean | undefined;
}

export interface ServerAcknowledgements {
  readonly server: ObjectRef;
  /** Empty where no proxy is left. */
  readonly acknowledgements: readonly Acknowledgement[];
}

interface Known {
  readonly server: ObjectRef;
  readonly words: Map<string, ProxyWord>;
}

export class AcknowledgementBook {
  private readonly servers = new Map<string, Known>();
  /** By pod; kept for as long as the pod has a stream. */
  private readonly reachable = new Map<string, boolean>();
  private readonly listeners = new Set<(serverKey: string) => void>();

  get serverKeys(): readonly string[] {
    return [...this.servers.keys()];
  }

  /** Whether a pod has said what it enforces. */
  has(server: ObjectRef, podUid: string): boolean {
    return this.servers.get(objectKey(server))?.words.has(podUid) === true;
  }

  of(serverKey: string): ServerAcknowledgements | undefined {
    const known = this.servers.get(serverKey);
    if (known === undefined) return undefined;
    const acknowledgements = [...known.words].map(([podUid, { enforced, audit }]) => ({
      podUid,
      ...enforced,
      auditDeliveredAt: audit?.deliveredAt,
      auditDelayed: audit?.delayed,
      reachablePastProxy: this.reachable.get(podUid),
    }));
    return { server: known.server, acknowledgements };
  }

  said(server: ObjectRef, podUid: string, word: ProxyWord): void {
    const key = objectKey(server);
    const known = this.servers.get(key) ?? { server, words: new Map() };
    this.servers.set(key, known);
    known.words.set(podUid, word);
    this.tell(key);
  }

  tried(server: ObjectRef, podUid: string, reachable: boolean): void {
    if (this.reachable.get(podUid) === reachable) return;
    this.reachable.set(podUid, reachable);
    if (this.has(server, podUid)) this.tell(objectKey(server));
  }

  forget(server: ObjectRef, podUid: string): void {
    const key = objectKey(server);
    const known = this.servers.get(key);
    this.reachable.delete(podUid);
    if (known?.words.delete(podUid) !== true) return;
    if (known.words.size === 0) this.servers.delete(key);
    this.tell(key);
  }

  /** Returns how to stop. */
  onChange(listener: (serverKey: string) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  private tell(serverKey: string): void {
    for (const listener of this.listeners) listener(serverKey);
  }
}
