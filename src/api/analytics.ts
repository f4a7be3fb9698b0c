// Whether a server's calls are recorded. Two names exist for one switch, `enabled` of older manifests and `disabled`;
// a block with neither means yes.

/** Whether an `analytics` block asks for recording. The schema refuses flags that contradict each other. */
export function analyticsOn(analytics: {
  readonly enabled?: boolean | undefined;
  readonly disabled?: boolean | undefined;
}): boolean {
  return analytics.disabled !== true && analytics.enabled !== false;
}
