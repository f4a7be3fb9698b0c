// What the copying tool says when it fails, as what happened and what to do about it. Its words are those of registries
// and of the network; where none of them is known they are told as they are.
import type { Trouble, TroubleCode } from '#runtime/local/trouble.ts';

/** One side of a copy. */
export interface Place {
  readonly side: 'source' | 'target';
  /** As people write it: an image, or a folder. */
  readonly name: string;
  /** undefined for a folder, and for the default registry. */
  readonly registry: string | undefined;
}

interface Meaning {
  readonly words: RegExp;
  readonly code: TroubleCode;
  readonly what: (place: Place) => string;
  readonly remedy: (place: Place) => string;
}

const registryIn = ({ registry = 'the default registry' }: Place) => registry;

/** In the order in which they are looked for. */
const MEANINGS: readonly Meaning[] = [
  {
    words: /server gave HTTP response to HTTPS client/,
    code: 'unreachable',
    what: (place) => `${registryIn(place)} speaks plain http.`,
    remedy: (place) => `Give it a certificate, or allow it with '--insecure ${registryIn(place)}'.`,
  },
  {
    words: /x509:|certificate|tls: /,
    code: 'unreachable',
    what: (place) => `The certificate of ${registryIn(place)} is not trusted.`,
    remedy: (place) =>
      `Put its authority into /etc/containers/certs.d/${registryIn(place)}/ca.crt, or allow it with '--insecure ${registryIn(place)}'.`,
  },
  {
    words: /unauthorized|authentication required|denied|invalid username|status (code )?40[13]/i,
    code: 'login_refused',
    what: (place) => `${registryIn(place)} did not let us in.`,
    remedy: (place) =>
      `Log in with 'skopeo login ${registryIn(place)}', or name the file of a login with --authfile.`,
  },
  {
    words: /manifest unknown|name unknown|repository .*not (found|known)|404|no such file or directory/i,
    code: 'image_missing',
    what: ({ name }) => `There is no ${name}.`,
    remedy: ({ side }) =>
      side === 'source'
        ? 'Push it there, or correct its name in the program.'
        : 'Run this again; if it is gone again, look at the log of the registry.',
  },
  {
    words:
      /dial tcp|no such host|connection refused|timeout|deadline exceeded|unreachable|reset by peer|EOF/i,
    code: 'unreachable',
    what: (place) => `${registryIn(place)} does not answer.`,
    remedy: (place) =>
      `See that ${registryIn(place)} is up and reached from here, then run this again: what is there is not copied twice.`,
  },
];

const UNKNOWN: Meaning = {
  words: /(?:)/,
  code: 'copy_failed',
  what: ({ side, name }) => `${side === 'source' ? 'Reading' : 'Writing'} ${name} failed.`,
  remedy: () => 'See what the tool says, then run this again: what is there is not copied twice.',
};

/** The last sentence of its log, `time="…" level=fatal msg="…"`, else all of it. */
export function lastWords(log: string): string {
  const quoted = [...log.matchAll(/msg=("(?:[^"\\]|\\.)*")/g)].at(-1)?.[1];
  const message: unknown = quoted === undefined ? undefined : JSON.parse(quoted);
  return typeof message === 'string' ? message : log.trim().slice(-2000);
}

export function meaningOf(words: string, place: Place): Trouble {
  const { code, what, remedy } = MEANINGS.find((each) => each.words.test(words)) ?? UNKNOWN;
  return {
    code,
    what: what(place),
    where: `${place.side} ${place.name}`,
    remedy: remedy(place),
    evidence: words.split('\n'),
  };
}
