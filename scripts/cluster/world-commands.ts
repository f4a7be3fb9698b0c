// What tests may ask of the runner. Each command reads its own input; the harness of the tests is the only caller.
import { z } from 'zod';
import type { ControlPlane } from '../engines/control-plane.ts';
import { acknowledgement, serverRef, type AcknowledgementSource } from './acknowledgement-source.ts';
import type { Commands } from './control-endpoint.ts';
import type { Operators } from './operators.ts';

const replica = z.object({ index: z.number() });

export function commandsOf(
  plane: ControlPlane,
  source: AcknowledgementSource,
  operators: Operators,
): Commands {
  return { ...planeCommands(plane), ...sourceCommands(source), ...operatorCommands(operators) };
}

export function planeCommands(plane: ControlPlane): Commands {
  return {
    'api-server-stop': () => plane.stopApiServer(),
    'api-server-start': () => plane.startApiServer(),
    'api-server-restart': () => plane.restartApiServer(),
    compact: () => plane.compact(),
  };
}

function sourceCommands(source: AcknowledgementSource): Commands {
  const mode = z.object({ namespace: z.string(), mode: z.enum(['auto', 'manual']) });
  const set = z.object({ server: serverRef, acknowledgements: z.array(acknowledgement) });
  return {
    'acknowledgements-mode': (input) => {
      const read = mode.parse(input);
      source.setMode(read.namespace, read.mode);
    },
    acknowledge: (input) => {
      const read = set.parse(input);
      source.say(read.server, read.acknowledgements);
    },
    'acknowledgements-automatic': (input) =>
      source.wouldSay(z.object({ server: serverRef }).parse(input).server),
    'acknowledgements-away': (input) => source.setAway(z.object({ away: z.boolean() }).parse(input).away),
  };
}

function operatorCommands(operators: Operators): Commands {
  const start = replica.extend({ env: z.record(z.string(), z.string()) });
  const signal = replica.extend({ signal: z.enum(['SIGSTOP', 'SIGCONT']) });
  return {
    operators: () => operators.list(),
    'operator-start': (input) => {
      const read = start.parse(input);
      operators.start(read.index, read.env);
    },
    'operator-stop': (input) => operators.stop(replica.parse(input).index),
    'operator-kill': (input) => operators.kill(replica.parse(input).index),
    'operator-signal': (input) => {
      const read = signal.parse(input);
      operators.signal(read.index, read.signal);
    },
    'operator-log': (input) => operators.log(replica.parse(input).index),
  };
}
