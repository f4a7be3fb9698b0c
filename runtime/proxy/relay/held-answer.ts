// Memory of answers under way: what was read of one and is not yet whole, and what its caller has not yet taken. Each is
// bounded, and so is their number, but not the product: a server whose answers grow slowly would fill the pod.
import type { RelayContext } from './answer.ts';

/** Says how many bytes the answer holds now, in all. False where it would be more than there is room for. */
export function holdAnswer({ exchange, services: { answers } }: RelayContext, bytes: number): boolean {
  const more = bytes - exchange.heldAnswerBytes;
  if (more < 0) answers.give(-more);
  else if (more > 0 && !answers.take(more)) return false;
  exchange.heldAnswerBytes = bytes;
  return true;
}
