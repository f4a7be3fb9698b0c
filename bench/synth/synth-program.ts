// One synthesis in a process of its own, as `cdk8s synth` is: from a program to the bytes of its files. Says how long
// that took in seconds of its thread, so that what else the machine does counts little; loading modules isn't counted.
import { renderYaml, synthesise } from '@mcp-runtime/platform';
import { programOf } from './program.ts';

const servers = Number(process.argv[2]);
const before = process.threadCpuUsage();
const files = renderYaml(synthesise(programOf(servers)));
const { user, system } = process.threadCpuUsage(before);
const objects = files.flatMap(({ text }) => text.match(/^kind: MCP/gm) ?? []).length;
process.stdout.write(JSON.stringify({ seconds: (user + system) / 1e6, objects }));
