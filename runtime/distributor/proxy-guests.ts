// A proxy that was let in, on its wire: puts the parts of its stream together. Wiring and nothing else.
import type { PolicyInputName } from '#policy/document.ts';
import type { Clock } from '#runtime/kube/clock.ts';
import type { Log } from '#runtime/process/log.ts';
import type { AcknowledgementBook } from './acknowledge/acknowledgement-book.ts';
import type { Admitted } from './doorkeeper.ts';
import type { DistributorMetrics } from './metrics.ts';
import { DocumentLines } from './stream/document-lines.ts';
import { ProxyStream, type ProxyStreamOptions, type Wire } from './stream/proxy-stream.ts';
import type { Streams } from './stream/streams.ts';
import type { Guest } from './stream-server.ts';

export interface ProxyGuestsOptions {
  readonly streams: Streams;
  readonly acknowledgements: AcknowledgementBook;
  readonly refresh: (behind: readonly PolicyInputName[]) => void;
  readonly metrics: DistributorMetrics;
  readonly clock: Clock;
  readonly log: Log;
}

/** A stream ends a little before its token does. */
const EARLY_MS = 10_000;
/** A token that was just found good is good for a while, whatever our clock says. */
const LEAST_MS = 60_000;
/** Of a token that names no end. */
const ENDLESS_MS = 3_600_000;

export class ProxyGuests {
  private readonly options: ProxyGuestsOptions;
  private readonly lines = new DocumentLines();

  constructor(options: ProxyGuestsOptions) {
    this.options = options;
  }

  welcome({ server, pod, identity }: Admitted, wire: Wire): Guest {
    const { streams, clock } = this.options;
    const nowMs = clock.nowMs();
    const endsMs = identity.expiresAtMs ?? nowMs + ENDLESS_MS;
    const stream = new ProxyStream({
      server,
      pod,
      expiresAtMs: Math.max(endsMs - EARLY_MS, nowMs + LEAST_MS),
      wire,
      lines: this.lines,
      nowMs: () => clock.nowMs(),
      ...this.listeners({ server, pod }),
    });
    streams.add(stream);
    return {
      heard: () => stream.heard(),
      hear: (line) => stream.hear(line),
      endOfLines: (problem) => {
        if (problem === undefined) stream.cut();
        else stream.end('misbehaved', problem);
      },
      drained: () => stream.drained(),
      closed: () => streams.remove(stream),
    };
  }

  private listeners({
    server,
    pod,
  }: Pick<Admitted, 'server' | 'pod'>): Pick<
    ProxyStreamOptions,
    'onBehind' | 'onWord' | 'onRefused' | 'onDocument' | 'onEnd'
  > {
    const { acknowledgements, refresh, metrics, log } = this.options;
    const at = { server: `${server.namespace}/${server.name}`, pod: pod.name };
    return {
      onBehind: refresh,
      onWord: (word) => acknowledgements.said(server, pod.uid, word),
      onRefused: ({ message, behind = [] }) => {
        const isOlder = behind.length > 0;
        metrics.documentRefused(isOlder ? 'behind' : 'unusable');
        if (isOlder) log.debug({ ...at, behind }, 'A proxy has seen more than this distributor.');
        else
          log.error(
            { ...at, problem: message },
            'A proxy can not use its policy; it goes on with its last good one.',
          );
      },
      onDocument: () => metrics.documentSent(),
      onEnd: (reason) => metrics.ended(reason),
    };
  }
}
