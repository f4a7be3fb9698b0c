// The other end of the proxy's audit: takes every batch, keeps a count and nothing else, so that recording is on and
// costs the load's core as little as possible. `GET /count` answers the number of events so far.
import { createServer } from 'node:http';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';

/** In each event once, and never in text that callers choose: quotes inside of strings are escaped. */
const mark = '"boot_epoch":';

let events = 0;

function countMarks(body: Buffer): number {
  let found = 0;
  for (let at = body.indexOf(mark); at >= 0; at = body.indexOf(mark, at + mark.length)) found += 1;
  return found;
}

const server = createServer((request, response) => {
  if (request.method === 'GET') {
    response.end(String(events));
    return;
  }
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const body = Buffer.concat(chunks);
    const plain =
      request.headers['content-encoding'] === 'gzip' ? promisify(gunzip)(body) : Promise.resolve(body);
    plain.then(
      (text) => {
        events += countMarks(text);
        response.writeHead(202, { 'content-type': 'application/json' }).end('{}');
      },
      () => response.writeHead(400).end(),
    );
  });
});

server.listen(Number(process.env['PORT']), '127.0.0.1');
