// nginx twice: as the server behind every candidate, answering from memory, and as a plain reverse proxy.
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { answer } from '../load/request.ts';
import { eventAnswer, eventOf, largeAnswer, largeEvent, largeResult, oneEvent } from './shape.ts';

function config(folder: string, name: string, http: string): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (kind) => `  ${kind}_temp_path ${path.join(folder, `${name}-${kind}`)};`,
  );
  return `daemon off;
master_process off;
worker_processes 1;
pid ${path.join(folder, `${name}.pid`)};
error_log stderr error;
events { worker_connections 4096; }
http {
  access_log off;
  keepalive_requests 1000000000;
  client_body_buffer_size 256k;
${temporary.join('\n')}
${http}
}
`;
}

async function written(folder: string, name: string, text: string): Promise<readonly string[]> {
  const file = path.join(folder, `${name}.conf`);
  await writeFile(file, text);
  return ['-c', file, '-p', folder, '-e', 'stderr'];
}

/** Sets `$text` to the long text of the large answer. */
function longText(): string {
  const { block, repeated } = largeAnswer;
  const steps = repeated.map((times, at) => `set $block${at + 1} "${`\${block${at}}`.repeat(times)}";`);
  return [`set $block0 "${block}";`, ...steps, `set $text $block${repeated.length};`].join('\n      ');
}

/** Arguments of an nginx that answers each POST by its path, and `/ready` with 200. */
export function upstreamConfig(folder: string, port: number): Promise<readonly string[]> {
  const large = `${largeAnswer.before}\${text}${largeAnswer.after}`;
  const server = `  server {
    listen 127.0.0.1:${port} backlog=1024;
    location = /ready { return 200 ''; }
    location = ${oneEvent.path} {
      default_type text/event-stream;
      return 200 '${eventAnswer}';
    }
    location = ${largeResult.path} {
      default_type application/json;
      ${longText()}
      return 200 '${large}';
    }
    location = ${largeEvent.path} {
      default_type text/event-stream;
      ${longText()}
      return 200 '${eventOf(large)}';
    }
    location / {
      default_type application/json;
      return 200 '${answer}';
    }
  }`;
  return written(folder, 'upstream', config(folder, 'upstream', server));
}

/** Arguments of an nginx that forwards everything, with keep-alive on both sides. */
export function reverseProxyConfig(
  folder: string,
  port: number,
  upstreamPort: number,
): Promise<readonly string[]> {
  const server = `  upstream mcp {
    server 127.0.0.1:${upstreamPort};
    keepalive 64;
    keepalive_requests 1000000000;
  }
  server {
    listen 127.0.0.1:${port} backlog=1024;
    location / {
      proxy_pass http://mcp;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $host;
      proxy_buffers 64 32k;
      proxy_max_temp_file_size 0;
    }
  }`;
  return written(folder, 'nginx', config(folder, 'nginx', server));
}
