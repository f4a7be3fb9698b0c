// The open loop as a process of its own: a load from standard input, its latency on standard output.
import { text } from 'node:stream/consumers';
import { z } from 'zod';
import { openLoop } from './open-loop.ts';

const load = z.object({
  url: z.url(),
  requests: z.array(z.object({ headers: z.record(z.string(), z.string()), body: z.string() })),
  perSecond: z.number(),
  seconds: z.number(),
  connections: z.number(),
  warmUpSeconds: z.number(),
});

process.stdout.write(JSON.stringify(await openLoop(load.parse(JSON.parse(await text(process.stdin))))));
