// `pulumi up`: registers the objects of a program, the same ones that `npx cdk8s synth` writes.
import { Config, log } from '@pulumi/pulumi';
import { loadProgram } from '#render/load-program.ts';
import { registerPulumi } from '#render/pulumi/index.ts';
import { readStackConfig } from '#render/pulumi/stack-config.ts';
import { synthesise } from '#render/synthesise.ts';

const { program, args } = readStackConfig(new Config('mcp-runtime'));
const file = program ?? process.env.MCP_RUNTIME_PROGRAM ?? 'examples/quickstart/program.ts';

const synthesised = synthesise(await loadProgram(file));
for (const { name, path, message } of synthesised.warnings) await log.warn(`${path} ${message} [${name}]`);
registerPulumi(synthesised, args);
