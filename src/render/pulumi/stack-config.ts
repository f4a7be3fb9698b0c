// What differs between the stacks of Pulumi, in `Pulumi.<stack>.yaml`.
import type { Config } from '@pulumi/pulumi';
import { z } from 'zod';
import { PlatformError } from '#api/errors.ts';
import type { RegisterArgs } from './register.ts';

export interface StackConfig {
  /** File of the program; undefined where the stack names none. */
  readonly program: string | undefined;
  readonly args: RegisterArgs;
}

/** `namespace/name` of a Secret → entry → value. */
const secrets = z.record(z.string(), z.record(z.string(), z.string()));

function secretsOf(config: Config): z.output<typeof secrets> {
  const read = secrets.safeParse(config.getObject<unknown>('secrets') ?? {});
  if (read.success) return read.data;
  // The values are secret, so what is wrong with them is not said.
  throw new PlatformError<'config_invalid'>('config_invalid', {
    where: `${config.name}:secrets`,
    what: 'is not a map from namespace/name to entries with texts',
    remedy: `set it with pulumi config set --secret --path '${config.name}:secrets["namespace/name"].entry'`,
  });
}

/** @throws PlatformError where `secrets` can't be read, Pulumi's own error where a boolean is none */
export function readStackConfig(config: Config): StackConfig {
  const wait = {
    untilReady: config.getBoolean('waitUntilReady'),
    forAddresses: config.getBoolean('waitForAddresses'),
  };
  return { program: config.get('program'), args: { secrets: secretsOf(config), wait } };
}
