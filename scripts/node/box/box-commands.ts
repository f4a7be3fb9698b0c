// What tests may ask of a node beside what its API server does: to freeze, end and start its programs, to load and
// delete images, to kill a container, and to run anything inside the box.
import { execFile } from 'node:child_process';
import { z } from 'zod';
import type { Commands } from '../../cluster/control-endpoint.ts';
import { planeCommands } from '../../cluster/world-commands.ts';
import { COMPONENTS, type Execution } from '../node-answers.ts';
import { importImage, type Box } from './box.ts';

const component = z.object({ name: z.enum(COMPONENTS) });
const outputLimit = 64 << 20;

export function boxCommands(box: Box): Commands {
  return { ...planeCommands(box.plane), ...componentCommands(box), ...containerCommands(box) };
}

function componentCommands({ plane, processes, specs }: Box): Commands {
  const all = [processes, plane.supervisor];
  const named = (name: string) => {
    const found = all.map((each) => each.named(name)).find((each) => each !== undefined);
    if (found === undefined) throw new Error(`the node has no ${name}`);
    return found;
  };
  const signal = component.extend({ signal: z.enum(['SIGSTOP', 'SIGCONT', 'SIGTERM', 'SIGKILL']) });
  return {
    components: () => all.flatMap((each) => each.running()).map(({ name, pid }) => ({ name, pid })),
    'component-signal': (input) => {
      const read = signal.parse(input);
      named(read.name).signal(read.signal);
    },
    'component-stop': async (input) => {
      await named(component.parse(input).name).stop();
    },
    'component-start': (input) => {
      const { name } = component.parse(input);
      const spec = specs.get(name);
      if (spec === undefined) throw new Error(`${name} can't be started by name`);
      if (named(name).exit === undefined) throw new Error(`${name} runs already`);
      processes.start(spec);
    },
    'component-log': (input) => named(component.parse(input).name).lastWords(200),
  };
}

function containerCommands({ plan }: Box): Commands {
  const exec = z.object({
    command: z.array(z.string()).min(1),
    input: z.string().optional(),
    timeoutMs: z.number().optional(),
  });
  const kill = z.object({ id: z.string(), signal: z.string() });
  const ctr = async (...args: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await execute(['ctr', '-n', 'k8s.io', ...args]);
    if (code !== 0) throw new Error(`ctr ${args.join(' ')}: ${stderr}`);
    return stdout;
  };
  return {
    exec: (input) => {
      const { command, input: text, timeoutMs } = exec.parse(input);
      return execute(command, text, timeoutMs);
    },
    images: async () => (await ctr('images', 'list', '--quiet')).split('\n').filter((name) => name !== ''),
    'image-load': (input) => importImage(plan.folder, z.object({ archive: z.string() }).parse(input).archive),
    'image-delete': (input) =>
      ctr('images', 'delete', '--sync', z.object({ name: z.string() }).parse(input).name),
    'container-kill': (input) => {
      const { id, signal } = kill.parse(input);
      return ctr('tasks', 'kill', '--signal', signal, id.replace(/^containerd:\/\//, ''));
    },
  };
}

function execute(command: readonly string[], input = '', timeoutMs = 60_000): Promise<Execution> {
  return new Promise((resolve) => {
    const [program = '', ...args] = command;
    const options = { timeout: timeoutMs, maxBuffer: outputLimit };
    const child = execFile(program, args, options, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 1;
      resolve({ code, stdout, stderr: error !== null && stderr === '' ? error.message : stderr });
    });
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(input);
  });
}
