// Pulumi writes down where each of its promises was made, for a message about those that never settle. A resource has
// twenty of them, and all of ours are made in one place, which says nothing: without it a thousand servers are registered
// in half the time. The positions in the program that Pulumi sends to its engine are taken in another way and stay.

/** Runs `work` while errors note no stack; what it throws keeps its message. */
export function withoutStacks<T>(work: () => T): T {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    return work();
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}
