// Pulumi without an engine: what was registered, in its order, as the engine would have been told. The mocks have to be
// there before anything that creates a resource is imported.
import { jest } from '@jest/globals';
import { runtime } from '@pulumi/pulumi';
import { MockMonitor } from '@pulumi/pulumi/runtime/mocks.js';
import { z } from 'zod';

export interface Registration {
  /** `kubernetes:core/v1:Namespace mcp-servers` */
  readonly what: string;
  /** As plain data; what is sealed is so marked: see `SEALED`. */
  readonly inputs: unknown;
  readonly parent: string;
  /** URNs of what it comes after. */
  readonly after: readonly string[];
  readonly aliases: readonly unknown[];
}

/** How Pulumi marks a value that no state file may show. */
export const SEALED = { '4dabf18193072939515e22adb298388d': '1b47061264138c4ac30d75fd1eb44270' } as const;

const request = z.object({
  type: z.string(),
  name: z.string(),
  parent: z.string(),
  dependenciesList: z.array(z.string()),
  aliasesList: z.array(z.unknown()),
});

interface Message {
  readonly toObject: () => unknown;
  readonly getObject: () => { readonly toJavaScript: () => unknown };
}

const isMessage = (value: unknown): value is Message =>
  typeof value === 'object' && value !== null && 'toObject' in value && 'getObject' in value;

/** Of this realm, whatever realm it was made in. */
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

function registrationOf(message: unknown): Registration {
  if (!isMessage(message)) throw new Error('a resource was registered in a way that this test does not know');
  const {
    type,
    name,
    parent,
    dependenciesList: after,
    aliasesList: aliases,
  } = request.parse(plain(message.toObject()));
  return {
    what: `${type} ${name}`,
    inputs: plain(message.getObject().toJavaScript()),
    parent,
    after,
    aliases,
  };
}

/**
 * Registers what `use` does with Pulumi.
 * @param config as in `Pulumi.<stack>.yaml`
 * @param preview whether nothing is made yet, so that no Output has a value
 */
export async function registrations(
  use: () => Promise<unknown>,
  config: Readonly<Record<string, string>> = {},
  preview = false,
): Promise<readonly Registration[]> {
  const spy = jest.spyOn(MockMonitor.prototype, 'registerResource');
  try {
    await runtime.setMocks(
      { newResource: ({ name }) => ({ id: name, state: {} }), call: () => ({}) },
      'project',
      'stack',
      preview,
    );
    runtime.setAllConfig({ ...config });
    await use();
    await runtime.disconnect();
    return spy.mock.calls.map(([message]) => registrationOf(message));
  } finally {
    spy.mockRestore();
  }
}
