// `npx cdk8s synth`: writes the manifests of a program to dist/, and what is odd about it to stderr.
import { loadProgram } from '#render/load-program.ts';
import { synthesise } from '#render/synthesise.ts';
import { writeYaml } from '#render/yaml.ts';

const file = process.env.MCP_RUNTIME_PROGRAM ?? 'examples/quickstart/program.ts';
// cdk8s names the folder it is going to read.
const folder = process.env.CDK8S_OUTDIR ?? 'dist';

const synthesised = synthesise(await loadProgram(file));
for (const { path, message } of synthesised.warnings) process.stderr.write(`warning: ${path} ${message}\n`);
writeYaml(synthesised, folder);
