// How a call that did not succeed is told: a denial with what would be needed, or why nothing answered.
import type { CallOutcome, Denial } from '#runtime/local/mcp-caller.ts';
import { EXIT, columns, print, printJson, printTrouble, type Exit } from './output.ts';

type Failed = Exclude<CallOutcome<never>, { readonly kind: 'result' }>;

function neededText(needed: Denial['needed']): string {
  const texts = Object.entries(needed).map(([what, value]) => {
    switch (what) {
      case 'identity':
        return `identity in one of ${Array.isArray(value) ? value.join(', ') : String(value)}`;
      case 'session':
        return 'a live session of this caller (--session)';
      case 'grant':
        return 'a grant that covers the tool';
      case 'trust':
        return `trust ${String(value)}, from grant and session`;
      case 'sideEffect':
        return `a grant that allows the side effect ${String(value)}`;
      default:
        return `${what}: ${JSON.stringify(value)}`;
    }
  });
  return texts.join('; ');
}

function printDenial(denial: Denial): void {
  const needed = neededText(denial.needed);
  const rows = [
    ['denied', denial.reason],
    ['', denial.message],
    ...(needed === '' ? [] : [['needed', needed]]),
    ...(denial.revision === undefined ? [] : [['policy', denial.revision]]),
  ];
  for (const line of columns(rows)) print(line);
}

/** Prints it, and says what the command ends with. */
export function tellFailure(outcome: Failed, target: { readonly url: string; readonly json: boolean }): Exit {
  switch (outcome.kind) {
    case 'denied':
      if (target.json) printJson({ denied: outcome.denial });
      else printDenial(outcome.denial);
      return EXIT.denied;
    case 'fault': {
      if (target.json) printJson({ error: outcome.fault });
      else
        print(
          `error  ${outcome.fault.message}${outcome.fault.code === undefined ? '' : ` (${outcome.fault.code})`}`,
        );
      return EXIT.failed;
    }
    case 'unreachable':
      printTrouble({
        code: 'unreachable',
        what: `The server did not answer: ${outcome.message}.`,
        where: target.url,
        remedy: "See what runs with 'mcp-runtime status'.",
      });
      return EXIT.failed;
  }
}
