// How a program says that it means what a check finds.
import type { Construct } from 'constructs';
import type { Exemption } from '#constructs/kit/security.ts';
import { noteSilence } from '#constructs/kit/warnings.ts';
import { CHECKS, type CheckName } from './checks.ts';

/**
 * What the check finds in `construct`, and in everything below it, is meant.
 * @throws TypeError where no reason is given, or where the check finds what can never work
 */
export function silence(construct: Construct, name: CheckName, exemption: Exemption): void {
  const check = CHECKS.find((each) => each.name === name);
  if (check?.mayBeMeant !== true) {
    const can = CHECKS.filter(({ mayBeMeant }) => mayBeMeant).map((each) => each.name);
    throw new TypeError(`${construct.node.path}: ${name} can't be silenced; these can: ${can.join(', ')}`);
  }
  noteSilence(construct, name, exemption);
}
