// A proxy that only forwards, of the same parts as ours: `node:http` in front, the lean client behind. What ours costs
// beyond it is governing; what it costs beyond nginx is Node.
import http from 'node:http';
import { systemClock } from '#runtime/process/clock.ts';
import { LeanUpstream } from '#runtime/proxy/upstream/lean-upstream.ts';

const upstream = new LeanUpstream({ origin: new URL(process.env['UPSTREAM_URL'] ?? ''), clock: systemClock });

function forward(request: http.IncomingMessage, response: http.ServerResponse, body: Buffer): void {
  const headers = request.rawHeaders.flatMap((name, at) =>
    at % 2 === 0 && !/^(?:host|content-length|connection)$/i.test(name)
      ? [name, request.rawHeaders[at + 1] ?? '']
      : [],
  );
  upstream.send(
    { method: 'POST', path: request.url ?? '/', headers, body },
    {
      onHead: (head) =>
        response.writeHead(
          head.status,
          head.headers.filter((_, at) => head.headers[at - (at % 2)] !== 'connection'),
        ),
      onData: (chunk) => response.write(chunk),
      onEnd: () => response.end(),
      onFailure: () => response.destroy(),
    },
  );
}

http
  .createServer((request, response) => {
    if (request.method !== 'POST') {
      response.end();
      return;
    }
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => forward(request, response, Buffer.concat(chunks)));
  })
  .listen(Number(process.env['PORT']), '127.0.0.1');
