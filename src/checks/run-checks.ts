// Runs every check on a program, and says of each finding whether it stops the synthesis.
import type { IConstruct } from 'constructs';
import type { Problem } from '#api/result.ts';
import { settingsOf } from '#constructs/kit/settings.ts';
import { isSilenced, type Warning } from '#constructs/kit/warnings.ts';
import type { Check, Severity } from './check.ts';
import { CHECKS } from './checks.ts';
import { viewOf } from './program-view.ts';

export interface CheckReport {
  /** What stops the synthesis; `path` is the path of the construct, and the message ends with the name of the check. */
  readonly problems: readonly Problem[];
  readonly warnings: readonly Warning[];
}

function severityOf({ severity, inProduction }: Check, construct: IConstruct): Severity {
  return settingsOf(construct).profile === 'production' ? (inProduction ?? severity) : severity;
}

/** @param constructs all of an app, in their order */
export function runChecks(constructs: readonly IConstruct[]): CheckReport {
  const program = viewOf(constructs);
  const problems: Problem[] = [];
  const warnings: Warning[] = [];
  for (const check of CHECKS) {
    for (const { construct, message } of check.find(program)) {
      const { path } = construct.node;
      if (check.mayBeMeant && isSilenced(construct, check.name)) continue;
      const severity = severityOf(check, construct);
      if (severity === 'error') problems.push({ path, message: `${message} [${check.name}]` });
      else if (severity === 'warning') warnings.push({ name: check.name, path, message });
    }
  }
  return { problems, warnings };
}
