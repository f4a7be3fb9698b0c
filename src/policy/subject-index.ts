// Finds the records that speak of a caller. Records are nested by team, agent and human, each set or not, so a lookup
// touches only the combinations that occur in the document, builds no text and doesn't depend on how many there are.
import type { Principal } from '#api/principal.ts';
import type { PolicySubject } from './document.ts';

interface Subjected {
  readonly subject: PolicySubject;
}

/** Undefined is the key of a field that isn't set. */
type Level<Next> = ReadonlyMap<string | undefined, Next>;
type ByHuman<Entry> = Level<Entry>;
type ByAgent<Entry> = Level<ByHuman<Entry>>;

export interface SubjectIndex<Entry extends Subjected> {
  readonly byTeam: Level<ByAgent<Entry>>;
  /** The empty subject. */
  readonly everybody: Entry | undefined;
  readonly anonymous: Entry | undefined;
  /** Whether the empty subject also means callers that only assert who they are. */
  readonly everybodyAsserts: boolean;
}

function isEmpty({ human, agent, team, anonymous }: PolicySubject): boolean {
  return human === undefined && agent === undefined && team === undefined && anonymous !== true;
}

/** Indexes records of distinct subjects. */
export function indexSubjects<Entry extends Subjected>(
  entries: readonly Entry[],
  everybodyAsserts: boolean,
): SubjectIndex<Entry> {
  const byTeam = new Map<string | undefined, Map<string | undefined, Map<string | undefined, Entry>>>();
  for (const entry of entries) {
    const { human, agent, team, anonymous } = entry.subject;
    if (anonymous === true || isEmpty(entry.subject)) continue;
    const byAgent = byTeam.get(team) ?? new Map<string | undefined, Map<string | undefined, Entry>>();
    const byHuman = byAgent.get(agent) ?? new Map<string | undefined, Entry>();
    byTeam.set(team, byAgent.set(agent, byHuman.set(human, entry)));
  }
  return {
    byTeam,
    everybody: entries.find(({ subject }) => isEmpty(subject)),
    anonymous: entries.find(({ subject }) => subject.anonymous === true),
    everybodyAsserts,
  };
}

function addHumans<Entry>(found: Entry[], byHuman: ByHuman<Entry> | undefined, { human }: Principal): void {
  if (byHuman === undefined) return;
  const any = byHuman.get(undefined);
  if (any !== undefined) found.push(any);
  const own = human === undefined ? undefined : byHuman.get(human);
  if (own !== undefined) found.push(own);
}

function addAgents<Entry>(found: Entry[], byAgent: ByAgent<Entry> | undefined, principal: Principal): void {
  if (byAgent === undefined) return;
  addHumans(found, byAgent.get(undefined), principal);
  if (principal.agent !== undefined) addHumans(found, byAgent.get(principal.agent), principal);
}

/** The records that speak of a caller: every field that a subject sets matches. */
export function subjectsOf<Entry extends Subjected>(
  index: SubjectIndex<Entry>,
  principal: Principal,
): readonly Entry[] {
  const { byTeam, everybody, anonymous, everybodyAsserts } = index;
  if (principal.assurance === 'anonymous') return anonymous === undefined ? [] : [anonymous];
  const found: Entry[] = [];
  if (everybody !== undefined && (principal.assurance === 'verified' || everybodyAsserts))
    found.push(everybody);
  addAgents(found, byTeam.get(undefined), principal);
  for (const team of principal.teams) addAgents(found, byTeam.get(team), principal);
  return found;
}
