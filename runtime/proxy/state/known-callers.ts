// Callers of before, with what is known of each: found once for a request, by what its head says, where each of the stages
// would look for its own part. Those parts live elsewhere, bounded each in its own way. This forgets everybody at once, and
// sooner than any of them forgets anybody, so that what it leads to is always what they know.
import type { Principal } from '#api/principal.ts';
import type { PolicyIndex } from '#policy/policy-index.ts';
import { standingOf, type Standing } from '#policy/standing.ts';
import type { KeptText } from '../audit/event-text.ts';
import { subjectKeyOf, type Caller, type HeaderMode, type SentIdentity } from '../edge/identity.ts';
import type { Places, SubjectPlaces } from './places.ts';
import type { Bucket, RateMeter } from './rate-meter.ts';
import type { SessionUse, SessionUser } from './session-ledger.ts';

/** A caller, and where the rest of the proxy keeps what it knows of it. */
export interface KnownCaller extends Caller, SessionUser {
  readonly principal: Principal;
  readonly session: string | undefined;
  /** See `subjectKeyOf`. */
  readonly subjectKey: string;
  /** Shared by all sessions of the subject, as its rate is. */
  readonly places: SubjectPlaces;
  readonly bucket: Bucket;
  sessionUse: SessionUse | undefined;
  /** What the events of its requests have in common. */
  eventText: KeptText | undefined;
  /** See `standingIn`. */
  standing: Standing | undefined;
}

export interface KnownCallersOptions {
  readonly places: Places;
  readonly subjectRates: RateMeter;
  /** Callers that are met before all are forgotten. @default 2048 */
  readonly most?: number;
}

const MOST = 2_048;
/** Callers that one text is looked through for: whoever sends it with many others searches no longer. */
const MOST_ALIKE = 16;

interface Entry {
  readonly sent: SentIdentity;
  readonly mode: HeaderMode;
  readonly caller: KnownCaller;
}

export class KnownCallers {
  /** By the text that tells most of them apart. To join all four and look that up takes three times as long. */
  private readonly byText = new Map<string, Entry[]>();
  private readonly places: Places;
  private readonly subjectRates: RateMeter;
  private readonly most: number;
  private met = 0;

  constructor({ places, subjectRates, most = MOST }: KnownCallersOptions) {
    this.places = places;
    this.subjectRates = subjectRates;
    this.most = most;
  }

  find(sent: SentIdentity, mode: HeaderMode): KnownCaller | undefined {
    const alike = this.byText.get(textOf(sent));
    if (alike === undefined) return undefined;
    for (const entry of alike) {
      if (entry.mode === mode && isSame(entry.sent, sent)) return entry.caller;
    }
    return undefined;
  }

  /** Meets a caller that `find` does not find. */
  add(sent: SentIdentity, mode: HeaderMode, { principal, session }: Caller): KnownCaller {
    this.met += 1;
    if (this.met > this.most) this.forgetAll();
    const subjectKey = subjectKeyOf(principal);
    const caller = {
      principal,
      session,
      subjectKey,
      places: this.places.of(subjectKey),
      bucket: this.subjectRates.bucketOf(subjectKey),
      sessionUse: undefined,
      eventText: undefined,
      standing: undefined,
    };
    const text = textOf(sent);
    const alike = this.byText.get(text);
    const entry = { sent, mode, caller };
    if (alike === undefined || alike.length >= MOST_ALIKE) this.byText.set(text, [entry]);
    else alike.push(entry);
    return caller;
  }

  /** Forgets how they stand in a policy that is over, which would be kept with that. */
  forgetStandings(): void {
    for (const alike of this.byText.values()) for (const { caller } of alike) caller.standing = undefined;
  }

  private forgetAll(): void {
    this.met = 1;
    this.byText.clear();
    this.places.forgetIdle();
  }
}

/** Where a caller stands in a policy: looked up when it calls for the first time under it. */
export function standingIn(index: PolicyIndex, caller: KnownCaller): Standing {
  const { standing } = caller;
  if (standing?.index === index) return standing;
  return (caller.standing = standingOf(index, caller.principal, caller.session));
}

function textOf({ session, human, agent, team }: SentIdentity): string {
  return session ?? human ?? agent ?? team ?? '';
}

function isSame(a: SentIdentity, b: SentIdentity): boolean {
  return a.session === b.session && a.human === b.human && a.agent === b.agent && a.team === b.team;
}
