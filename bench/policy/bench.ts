// What policy costs a call, and how soon a change of it is enforced.
import type { BenchContext } from '../context.ts';
import type { Measure } from '../report.ts';
import { benchDecide } from './decide.ts';
import { benchRevoke } from './revoke.ts';

export async function benchPolicy(context: BenchContext): Promise<readonly Measure[]> {
  return [...benchDecide(context), ...(await benchRevoke(context))];
}
