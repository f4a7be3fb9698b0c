// How the objects of a team are marked: whose they are, and that nobody but who installs them writes them.
import { LABELS, PLATFORM } from '#api/labels.ts';

/** Label with the id of the team, on its namespace and everything made for it. */
export const TEAM_LABEL = 'mcpruntime.org/team';

/** Annotation of the namespace: who answers for the team. */
export const OWNER_ANNOTATION = 'mcpruntime.org/owner';

/** Id and namespace of a team. */
export interface TeamIdentity {
  readonly id: string;
  readonly namespace: string;
}

export interface TeamMetadata {
  name: string;
  namespace: string;
  labels: Record<string, string>;
}

/** Ids that a label can't hold are in the specs of servers alone. */
const LABEL_VALUE = /^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;

export function teamLabels(id: string): Record<string, string> {
  return { [LABELS.partOf]: PLATFORM, ...(LABEL_VALUE.test(id) && { [TEAM_LABEL]: id }) };
}

export function teamMetadata({ id, namespace }: TeamIdentity, name: string): TeamMetadata {
  return { name, namespace, labels: teamLabels(id) };
}
