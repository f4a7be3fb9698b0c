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

function componentCommands({ plane, processes }: Box): Commands {
  const all = [processes, plane.supervisor];
  /** Its processes, and the one of them that was started last. */
  const find = (name: string) => {
    for (const each of all) {
      const found = each.named(name);
      if (found !== undefined) return { of: each, process: found };
    }
    throw new Error(`the node has no ${name}`);
  };
  const read = (input: unknown) => find(component.parse(input).name);
  const signal = component.extend({ signal: z.enum(['SIGSTOP', 'SIGCONT', 'SIGTERM', 'SIGKILL']) });
  return {
    components: () => {
      const running = all.flatMap((each) => each.all()).filter(({ exit }) => exit === undefined);
      return running.map(({ name, pid }) => ({ name, pid }));
    },
    'component-signal': (input) => {
      const asked = signal.parse(input);
      find(asked.name).process.signal(asked.signal);
    },
    'component-stop': async (input) => {
      await read(input).process.stop();
    },
    'component-start': (input) => {
      const found = read(input);
      if (found.process.exit === undefined) throw new Error(`${found.process.name} runs already`);
      found.of.start(found.process.spec);
    },
    'component-log': (input) => read(input).process.lastWords(200),
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
