// `npx cdk8s synth`: writes the manifests of a program, and what is odd about it to stderr.
import { failureText } from '#render/failure-text.ts';
import { loadProgram } from '#render/load-program.ts';
import { synthesise } from '#render/synthesise.ts';
import { writeYaml } from '#render/yaml.ts';

const file = process.env.MCP_RUNTIME_PROGRAM ?? 'examples/quickstart/program.ts';
// cdk8s names the folder it is going to read.
const folder = process.env.CDK8S_OUTDIR ?? 'dist';

try {
  const synthesised = synthesise(await loadProgram(file));
  for (const { name, path, message } of synthesised.warnings) {
    process.stderr.write(`warning: ${path} ${message} [${name}]\n`);
  }
  writeYaml(synthesised, folder);
} catch (error) {
  process.stderr.write(`${failureText(error, file)}\n`);
  process.exitCode = 1;
}
