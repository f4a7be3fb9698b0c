// The stages that read the body and what it says.
import { refuseEdge } from '../refusal.ts';
import { findMismatch, lacksRequestMeta } from '../edge/mcp-headers.ts';
import type { Exchange } from '../exchange.ts';
import { GatheredBytes } from '../gathered-bytes.ts';
import type { ProxyServices } from '../services.ts';
import { NEXT, WAIT, type Flow, type Stage } from './stage.ts';

const JSON_TYPE = /^application\/json\s*(?:;\s*charset\s*=\s*"?utf-8"?\s*)?$/i;

function isJson(contentType: string | undefined): boolean {
  return contentType === 'application/json' || (contentType !== undefined && JSON_TYPE.test(contentType));
}

export const readBody: Stage = (exchange, services, flow) => {
  if (exchange.httpMethod !== 'POST') return NEXT;
  const { head } = exchange;
  const { maxBodyBytes } = services.config.limits;
  if (!isJson(head?.contentType)) return refuseEdge('unsupported_media_type');
  const length = head?.contentLength ?? 0;
  if (length > maxBodyBytes) return refuseEdge('body_too_large');
  if (length === 0 && head?.chunked !== true) return refuseEdge('body_required');
  if (head?.expectsContinue === true) exchange.response.writeContinue();
  collectBody(exchange, services, flow);
  return WAIT;
};

function collectBody(exchange: Exchange, { config, bodies, departures }: ProxyServices, flow: Flow): void {
  const { request } = exchange;
  const { maxBodyBytes } = config.limits;
  const gathered = new GatheredBytes(true);
  const onChunk = (chunk: Buffer): void => {
    if (exchange.finished) return;
    exchange.bytesIn += chunk.length;
    if (exchange.bytesIn > maxBodyBytes) {
      flow.refuse(exchange, refuseEdge('body_too_large'));
    } else if (bodies.take(chunk.length)) {
      exchange.heldBytes += chunk.length;
      gathered.push(chunk);
    } else {
      flow.refuse(exchange, refuseEdge('overloaded'));
    }
  };
  const onEnd = (): void => {
    if (exchange.finished) return;
    if (request.rawTrailers.length > 0) {
      flow.refuse(exchange, refuseEdge('bad_request_framing', 'Trailers are not accepted.'));
    } else if (gathered.byteLength === 0) {
      flow.refuse(exchange, refuseEdge('body_required'));
    } else {
      exchange.body = gathered.take();
      departures.add({ prepare: () => flow.advance(exchange) });
    }
  };
  request.takeBody({ onChunk, onEnd });
}

export const readEnvelope: Stage = (exchange, { clientMessages }) => {
  const { body } = exchange;
  if (body === undefined) return NEXT;
  const result = clientMessages.read(body);
  if (!result.ok) return refuseEdge(result.problem);
  const { message } = result;
  exchange.message = message;
  if (message.method === 'tools/call' && message.name === undefined) {
    return refuseEdge('invalid_envelope', 'tools/call needs the name of a tool in params.name.');
  }
  return NEXT;
};

export const matchHeaders: Stage = ({ head, message }) => {
  if (head === undefined || message === undefined) return NEXT;
  if (lacksRequestMeta(head, message)) return refuseEdge('missing_request_meta');
  const mismatch = findMismatch(head, message);
  return mismatch === undefined ? NEXT : refuseEdge('header_mismatch', mismatch);
};
