// What the platform does on a real node: how long a revocation takes until it bites; and, apart from it, what a distributor
// with a thousand proxies needs.
import { startOwnNode } from '#scripts/node/own-node.ts';
import type { BenchContext } from '../context.ts';
import { quantile } from '../load/open-loop.ts';
import { measure, type Measure } from '../report.ts';
import { distributorRssMib } from './distributor.ts';
import { revokeDelaysMs } from './revoke.ts';

export async function benchNode(context: BenchContext): Promise<readonly Measure[]> {
  const { env, say, signal } = context;
  const rssMib = await distributorRssMib(context);
  const node = await startOwnNode({ env, say, platform: 'installed' }, signal);
  try {
    const delays = await revokeDelaysMs(node.about, context);
    return [
      measure('node.revoke_deny_p50_ms', quantile(delays, 0.5)),
      measure('node.revoke_deny_p99_ms', quantile(delays, 0.99)),
      measure('node.distributor_rss_mib', rssMib),
    ];
  } finally {
    await node.stop();
  }
}
