// The program inside the box. It says on its standard output how far it is, as `boxEvent` has it, and on its standard
// error what went wrong; then it serves commands until the box is ended from outside.
import { readFileSync } from 'node:fs';
import { EngineError } from '../../engines/engine-error.ts';
import { NodeError } from '../node-error.ts';
import { Box } from './box.ts';
import { boxPlan, type BoxEvent } from './box-plan.ts';
import { prepareMounts } from './mounts.ts';
import { takeLink } from './network.ts';
import { serveCommands } from './serve-commands.ts';

function tell(event: BoxEvent): void {
  process.stdout.write(`${JSON.stringify(event)}\n`);
}

async function main(): Promise<void> {
  const json: unknown = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8'));
  const plan = boxPlan.parse(json);
  tell({ event: 'wants-link' });
  prepareMounts(plan.folder);
  await takeLink(plan.addresses);
  const box = await Box.start(plan, (line) => tell({ say: line }));
  await serveCommands(box);
  tell({ event: 'ready' });
}

try {
  await main();
} catch (error) {
  const isForeseen = error instanceof NodeError || error instanceof EngineError;
  process.stderr.write(`${isForeseen ? `${error.code}: ${error.message}` : String(error)}\n`);
  if (!isForeseen && error instanceof Error) process.stderr.write(`${error.stack ?? ''}\n`);
  process.exit(1);
}
