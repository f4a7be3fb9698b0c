// Schema pieces that several kinds share. What stands in `.meta` goes into the CRDs as it is.
import { z } from 'zod';
import { TRUST_LEVELS } from './trust.ts';

/** Description of a field, as `kubectl explain` shows it. */
export const text = (max: number) => z.string().max(max);

/** A name that Kubernetes accepts for a namespace, Service or label value. */
export const dnsLabel = z
  .string()
  .max(63)
  .regex(
    /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/,
    "must be lower-case letters, digits and '-', with a letter or digit at both ends",
  );

/** A name that Kubernetes accepts for a Service: a DNS label that starts with a letter. */
export const serviceName = z
  .string()
  .max(63)
  .regex(
    /^[a-z]([-a-z0-9]*[a-z0-9])?$/,
    "must be lower-case letters, digits and '-', start with a letter and not end with '-'",
  );

/** A name that Kubernetes accepts for most objects. */
export const dnsSubdomain = z
  .string()
  .min(1)
  .max(253)
  .regex(
    /^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/,
    "must be lower-case letters, digits, '-' and '.', with a letter or digit at both ends and beside each '.'",
  );

/** Refuses the second item of a key, also where other items are wrong, so that all problems are seen at once. */
function unique<Item>(keyOf: (item: unknown) => unknown, at: readonly string[]) {
  return z.superRefine<readonly Item[]>(
    (items, context) => {
      const seen = new Map<unknown, number>();
      for (const [index, item] of items.entries()) {
        const key = keyOf(item);
        const first = seen.get(key);
        if (first === undefined || key === undefined) seen.set(key, index);
        else {
          const message = `must be unique, ${JSON.stringify(key)} is already item ${first}`;
          context.addIssue({ code: 'custom', path: [index, ...at], message });
        }
      }
    },
    { when: ({ value }) => Array.isArray(value) },
  );
}

/** A list whose items differ in one member: `listType: map`, so that owners of single items never collide. */
export function listMap<Item extends z.ZodType>(item: Item, key: string, max: number) {
  const member = z.looseObject({ [key]: z.unknown() });
  const keyOf = (value: unknown) => member.safeParse(value).data?.[key];
  return z
    .array(item)
    .max(max)
    .check(unique<z.output<Item>>(keyOf, [key]))
    .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': [key] });
}

/** Labels, annotations and the like: texts by name. */
export function textMap(maxValueLength: number, maxEntries = 64) {
  const message = `must have at most ${maxEntries} entries`;
  return z
    .record(z.string().max(317), text(maxValueLength))
    .refine((entries) => Object.keys(entries).length <= maxEntries, message)
    .meta({ maxProperties: maxEntries });
}

/** A list of values that differ: `listType: set`. */
export function listSet<Item extends z.ZodType>(item: Item, max: number) {
  return z
    .array(item)
    .max(max)
    .check(unique<z.output<Item>>((value) => value, []))
    .meta({ 'x-kubernetes-list-type': 'set' });
}

export const port = z.int32().min(1).max(65535);

/** A Go duration, `24h`, `1h30m`, `500ms`. */
export const duration = z
  .string()
  .max(32)
  .regex(/^([0-9]+(\.[0-9]+)?(ms|s|m|h))+$/, 'must be a duration such as 30s, 1h30m or 24h');

/** How often something may happen: an amount a minute on average, of which some may come at once. */
export const rate = z.object({
  perMinute: z.int32().min(1).describe('How many a minute, on average.'),
  burst: z.int32().min(1).optional().describe('How many at once; default: those of two seconds, at least 1.'),
});

/** A resource quantity, `50m`, `64Mi`. */
export const quantity = z
  .string()
  .max(32)
  .regex(/^[0-9]+(\.[0-9]+)?(m|k|Ki|M|Mi|G|Gi|T|Ti|P|Pi|E|Ei)?$/, 'must be a quantity such as 250m or 64Mi');

/** An integer or a percentage, as strings: `1`, `25%`. */
export const intOrPercent = z
  .string()
  .max(8)
  .regex(/^[0-9]+%?$/, 'must be a number or a percentage such as 1 or 25%');

/** Whether a date is in the calendar, which a pattern can't say: 30 February is not. */
function isCalendarDay(text: string): boolean {
  const date = /^([0-9]{4})-([0-9]{2})-([0-9]{2})/.exec(text);
  if (date === null) return true;
  const [year = 0, month = 0, day = 0] = date.slice(1).map(Number);
  // Date.UTC moves years below 100 into the twentieth century; the calendar repeats itself every 400 years.
  return new Date(Date.UTC(2000 + (year % 400), month - 1, day)).getUTCMonth() === month - 1;
}

/**
 * A point in time, `2030-01-31T12:00:00Z`. The pattern is part of the CRD, because the API server alone would take
 * more than other readers do: lower-case letters, any character before the fraction, offsets of 99 hours.
 */
export const instant = z
  .string()
  .max(64)
  .regex(
    /^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,9})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$/,
    'must be a time as 2030-01-31T12:00:00Z',
  )
  .refine(isCalendarDay, 'must be a day of the calendar')
  .meta({ format: 'date-time' });

/** An HTTP header name (RFC 9110 token). */
export const headerName = z
  .string()
  .min(1)
  .max(128)
  .regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/, 'must be an HTTP header name');

export const httpUrl = z
  .string()
  .max(2048)
  .regex(/^https?:\/\/[^\x00-\x20\x7f-\xa0/]+/, 'must be an http or https URL');

export const trust = z.enum(TRUST_LEVELS);

/** An identity as a header or token carries it: no blanks around it, no control characters. */
export const identity = z
  .string()
  .max(256)
  .regex(
    /^([^\x00-\x20\x7f-\xa0]([^\x00-\x1f\x7f-\x9f]*[^\x00-\x20\x7f-\xa0])?)?$/,
    'must have no blanks around it and no control characters',
  );

export const teamId = z
  .string()
  .max(128)
  .regex(/^[^\x00-\x20\x7f-\xa0]*$/, 'must have no white space')
  .describe('Stable id of the team, without white space.');

export const secretKeyRef = z.object({
  name: dnsSubdomain.describe('Name of the Secret, in the namespace of this object.'),
  key: z
    .string()
    .min(1)
    .max(253)
    .regex(/^[-._a-zA-Z0-9]+$/, "must be letters, digits, '-', '_' and '.'")
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

/** A misspelled member would leave a subject that means everybody, so unknown ones are refused. */
export const subject = z.strictObject({
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
    .regex(/^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$/, 'must be a CamelCase code')
    .describe('Stable code that says why.'),
  message: z.string().max(32768).describe('A sentence for people.'),
  lastTransitionTime: instant.describe('When the status last changed.'),
  observedGeneration: z.int().min(0).optional().describe('Generation of the spec that this speaks of.'),
});

export type Condition = z.output<typeof condition>;

export const conditions = listMap(condition, 'type', 32)
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
