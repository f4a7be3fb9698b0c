// One synthesis in a process of its own, as `cdk8s synth` or `pulumi up` is: from a program to everything that leaves it
// by one way. Says how long that took in seconds of its thread, so that what else the machine does counts little; loading
// modules isn't counted.
import { synthesise } from '@mcp-runtime/platform';
import { programOf } from './program.ts';
import { isWayOut, waysOut } from './ways-out.ts';

const [way = '', servers] = process.argv.slice(2);
if (!isWayOut(way))
  throw new Error(`there is no way out '${way}'; there are ${Object.keys(waysOut).join(', ')}`);
const leave = await waysOut[way]();
const before = process.threadCpuUsage();
const objects = await leave(synthesise(programOf(Number(servers))));
const { user, system } = process.threadCpuUsage(before);
process.stdout.write(JSON.stringify({ seconds: (user + system) / 1e6, objects }));
