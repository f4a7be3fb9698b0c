// Schema pieces that several kinds share. What stands in `.meta` goes into the CRDs as it is.
import { z } from 'zod';
import { TRUST_LEVELS } from './trust.ts';

/** Description of a field, as `kubectl explain` shows it. */
export const text = (max: number) => z.string().max(max);

/** A name that Kubernetes accepts for a namespace, Service or label value. */
export const dnsLabel = z
  .string()
  .max(63)
  .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/);

/** A name that Kubernetes accepts for most objects. */
export const dnsSubdomain = z
  .string()
  .min(1)
  .max(253)
  .regex(/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/);

export const port = z.int32().min(1).max(65535);

/** A Go duration, `24h`, `1h30m`, `500ms`. */
export const duration = z
  .string()
  .max(32)
  .regex(/^([0-9]+(\.[0-9]+)?(ms|s|m|h))+$/);

/** A resource quantity, `50m`, `64Mi`. */
export const quantity = z
  .string()
  .max(32)
  .regex(/^[0-9]+(\.[0-9]+)?(m|k|Ki|M|Mi|G|Gi|T|Ti|P|Pi|E|Ei)?$/);

/** An integer or a percentage, as strings: `1`, `25%`. */
export const intOrPercent = z
  .string()
  .max(8)
  .regex(/^[0-9]+%?$/);

/** An HTTP header name (RFC 9110 token). */
export const headerName = z
  .string()
  .min(1)
  .max(128)
  .regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/);

export const httpUrl = z
  .string()
  .max(2048)
  .regex(/^https?:\/\/[^\s/]+/);

export const trust = z.enum(TRUST_LEVELS);

/** An identity as a header or token carries it: no blanks around it, no control characters. */
export const identity = z
  .string()
  .max(256)
  .regex(/^([!-~\u00a1-\uffff]([ -~\u00a1-\uffff]*[!-~\u00a1-\uffff])?)?$/);

export const teamId = z
  .string()
  .max(128)
  .regex(/^\S*$/)
  .describe('Stable id of the team, without white space.');

export const secretKeyRef = z.object({
  name: dnsSubdomain.describe('Name of the Secret, in the namespace of this object.'),
  key: z
    .string()
    .min(1)
    .max(253)
    .regex(/^[-._a-zA-Z0-9]+$/)
    .describe('Key in the Secret.'),
});

export const serverRef = z.object({
  name: dnsSubdomain.describe('Name of the MCPServer.'),
  namespace: dnsLabel
    .optional()
    .describe(
      'Namespace of the MCPServer; default: that of this object. Another one counts only where the server lists this namespace in spec.access.fromNamespaces.',
    ),
});

export const subject = z.object({
  humanID: identity.optional().describe('The human on whose behalf the call is made.'),
  agentID: identity.optional().describe('The agent that makes the call.'),
  teamID: teamId.optional(),
});

export const resources = z.object({
  requests: z
    .object({
      cpu: quantity.optional().describe('Requested CPU, for example 50m.'),
      memory: quantity.optional().describe('Requested memory, for example 64Mi.'),
    })
    .optional()
    .describe('What the scheduler sets aside.'),
  limits: z
    .object({
      cpu: quantity.optional().describe('Most CPU it may use, for example 500m.'),
      memory: quantity
        .optional()
        .describe('Most memory it may use, for example 256Mi; above it the container is ended.'),
    })
    .optional()
    .describe('What it may use at most.'),
});

/** metav1.Condition, as kstatus and `kubectl wait` read it. */
export const condition = z.object({
  type: z.string().min(1).max(316).describe('Name of the condition, in CamelCase.'),
  status: z.enum(['True', 'False', 'Unknown']).describe('Whether it holds.'),
  reason: z
    .string()
    .min(1)
    .max(1024)
    .regex(/^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$/)
    .describe('Stable code that says why.'),
  message: z.string().max(32768).describe('A sentence for people.'),
  lastTransitionTime: z.iso.datetime({ precision: null }).describe('When the status last changed.'),
  observedGeneration: z.int().min(0).optional().describe('Generation of the spec that this speaks of.'),
});

export type Condition = z.output<typeof condition>;

export const conditions = z
  .array(condition)
  .max(32)
  .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['type'] })
  .optional()
  .describe('What was observed, one entry a statement.');

/** Start of every status: kstatus needs the generation and the conditions. */
export const statusBase = {
  observedGeneration: z
    .int()
    .min(-1)
    .default(-1)
    .describe('Generation of the spec that this status speaks of; -1 before it was looked at.'),
  conditions,
};
