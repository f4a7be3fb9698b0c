// What an environment decides for everything in its tree, and checks ask for. It travels as metadata of the construct
// that describes the environment; nothing of it is rendered.
import type { Construct, IConstruct } from 'constructs';
import { z } from 'zod';

/** What an environment is for; `production` refuses what the others take. */
export const PROFILES = ['laptop', 'team', 'production'] as const;

export type Profile = (typeof PROFILES)[number];

const SETTINGS = 'mcpruntime.org/settings';

const settings = z.object({
  profile: z.enum(PROFILES).optional(),
  /** Class of servers that name none. */
  ingressClass: z.string().optional(),
  /** Every class that the cluster has, as far as the environment says. */
  knownClasses: z.array(z.string()).readonly().optional(),
  /** Ingress classes that can't be reached from the internet; `gateway` means the installation's Gateway. */
  internalClasses: z.array(z.string()).readonly().optional(),
  /** Where pods pull from instead. */
  imageMirror: z
    .object({ registry: z.string(), keeps: z.array(z.string()).readonly().optional() })
    .readonly()
    .optional(),
});

export type Settings = z.output<typeof settings>;

export function setSettings(construct: Construct, given: Settings): void {
  construct.node.addMetadata(SETTINGS, given);
}

/** The settings nearest above a construct. Read by shape, so that a program may bring its own copy of this library. */
export function settingsOf(construct: IConstruct): Settings {
  for (const { node } of construct.node.scopes.toReversed()) {
    const entry = node.metadata.find(({ type }) => type === SETTINGS);
    if (entry !== undefined) return settings.parse(entry.data);
  }
  return {};
}
