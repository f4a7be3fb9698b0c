// What `node:http` refuses before there is a request: one short answer, then the connection ends.
import type { Duplex } from 'node:stream';
import { REASONS, type EdgeReason } from '#api/reasons.ts';

function reasonOf(code: string | undefined): EdgeReason {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return 'headers_too_large';
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return 'request_timeout';
    case undefined:
    default:
      return 'bad_request_framing';
  }
}

const STATUS_TEXT: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  408: 'Request Timeout',
  431: 'Request Header Fields Too Large',
};

export function refuseConnection(error: NodeJS.ErrnoException, socket: Duplex): EdgeReason | undefined {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy();
    return undefined;
  }
  const reason = reasonOf(error.code);
  const { httpStatus, message } = REASONS[reason];
  const data = { reason, httpStatus };
  const body = JSON.stringify({ jsonrpc: '2.0', id: null, error: { code: -32600, message, data } });
  socket.end(
    `HTTP/1.1 ${httpStatus} ${STATUS_TEXT[httpStatus] ?? 'Error'}\r\ncontent-type: application/json\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  );
  return reason;
}
