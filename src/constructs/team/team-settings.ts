// What is decided about a team, as one schema: a program, an environment file and the construct read the same.
import { z } from 'zod';
import { dnsLabel, dnsSubdomain, port, quantity, teamId, text } from '#api/schema.ts';
import type { DeepReadonly } from '#constructs/kit/deep-readonly.ts';

const amounts = (cpu: string, memory: string) =>
  z
    .strictObject({
      cpu: quantity.default(cpu).describe('CPU, for example 4 or 500m.'),
      memory: quantity.default(memory).describe('Memory, for example 8Gi.'),
    })
    .prefault({});

const quota = z.strictObject({
  requests: amounts('4', '8Gi').describe('What all pods together may set aside.'),
  limits: amounts('16', '16Gi').describe('What all pods together may use at most.'),
  pods: z.int().min(0).max(10_000).default(50).describe('Pods.'),
  storage: quantity.default('20Gi').describe('Size of all volumes together.'),
  volumes: z.int().min(0).max(10_000).default(10).describe('Claimed volumes.'),
});

const containers = z.strictObject({
  requests: amounts('50m', '64Mi').describe('Requests of a container that names none.'),
  limits: amounts('500m', '256Mi').describe('Limits of a container that names none.'),
  max: z
    .strictObject({
      cpu: quantity.optional().describe('Most CPU of one container.'),
      memory: quantity.optional().describe('Most memory of one container.'),
    })
    .optional()
    .describe('The most that one container may ask for. Default: what the quota has left.'),
});

/** `10.0.0.0/8`, `2001:db8::/32`, `203.0.113.7/32`. */
const cidr = z.union([z.cidrv4(), z.cidrv6()], 'must be addresses such as 203.0.113.0/24');

const destination = z.strictObject({
  cidr: cidr.describe('Addresses, for example 203.0.113.0/24.'),
  except: z.array(cidr).max(32).optional().describe('Addresses of these that stay closed.'),
  ports: z
    .array(
      z.strictObject({
        port: port.describe('Port.'),
        protocol: z.enum(['TCP', 'UDP']).default('TCP').describe('Protocol.'),
      }),
    )
    .min(1)
    .max(32)
    .optional()
    .describe('Ports; default: all.'),
});

const name = z.string().min(1).max(253);
const member = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.enum(['User', 'Group']).describe('A person, or a group of people.'),
    name: name.describe('As the cluster authenticates it.'),
  }),
  z.strictObject({
    kind: z.literal('ServiceAccount').describe('A program.'),
    name: dnsSubdomain.describe('Name of the account.'),
    namespace: dnsLabel.describe('Namespace of the account.'),
  }),
]);

const members = (what: string) => z.array(member).max(256).default([]).describe(what);

export const teamSettings = z.strictObject({
  id: teamId.min(1).optional().describe('Id of the team, which callers and grants name; default: its key.'),
  namespace: dnsLabel.optional().describe('Namespace of the team; default: mcp-team-<id>.'),
  owner: text(256).optional().describe('Who answers for the team: a mail address, a channel.'),
  quota: quota.prefault({}).describe('What the whole namespace may ask for.'),
  containers: containers.prefault({}).describe('What single containers get.'),
  egress: z
    .array(destination)
    .max(64)
    .default([])
    .describe(
      'Where every pod of the team may connect to, besides DNS; what one server needs stands with it.',
    ),
  ownEntrances: z
    .strictObject({ reason: text(1024).regex(/\S/, 'must say why').describe('A sentence.') })
    .optional()
    .describe('Why the team may make load balancers and node ports of its own. Default: it may not.'),
  members: z
    .strictObject({
      view: members('Who may look at everything but secrets.'),
      deploy: members('Who may deploy servers: the role edit.'),
      grant: members('Who may give standing permissions.'),
      consent: members('Who may open sessions.'),
      revoke: members('Who may disable grants and revoke sessions, and nothing else.'),
    })
    .prefault({})
    .describe('Who may do what in the namespace.'),
});

/** What a program says about a team; every value has a default. */
export type TeamProps = DeepReadonly<z.input<typeof teamSettings>>;

export type TeamSettings = DeepReadonly<z.output<typeof teamSettings>>;

/** What a member may do in the namespace of a team. */
export type TeamDuty = keyof TeamSettings['members'];
