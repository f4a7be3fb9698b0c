// A place in the order of events, and its opaque text for a URL. Pages follow each other by position, never by
// number, so that events which arrive meanwhile neither repeat a row nor hide one.
import { z } from 'zod';

const position = z.object({
  /** Milliseconds since the epoch. */
  at: z.number().int().min(0),
  namespace: z.string().max(4096),
  server: z.string().max(4096),
  id: z.string().max(64),
  phase: z.string().max(16),
});

export type Position = z.output<typeof position>;

/** Before every event, and after every one. */
export const FIRST_POSITION: Position = { at: 0, namespace: '', server: '', id: '', phase: '' };
export const LAST_POSITION: Position = { ...FIRST_POSITION, at: 10_413_791_999_000 };

/** The text is not one that `textOfPosition` made. */
export class PositionError extends Error {
  constructor() {
    super('The cursor is not one of this API; start with the first page.');
    this.name = 'PositionError';
  }
}

export function textOfPosition({ at, namespace, server, id, phase }: Position): string {
  return Buffer.from(JSON.stringify([at, namespace, server, id, phase])).toString('base64url');
}

const shape = z
  .tuple([z.unknown(), z.unknown(), z.unknown(), z.unknown(), z.unknown()])
  .transform(([at, namespace, server, id, phase]) => ({ at, namespace, server, id, phase }))
  .pipe(position);

export function positionFrom(text: string): Position {
  try {
    const value: unknown = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
    return shape.parse(value);
  } catch {
    throw new PositionError();
  }
}
