// All that a sentinel in a cluster may do: read what is governed, and ask whose a token is. The role is rendered from
// this list.
import type { Permission } from '#api/permission.ts';
import { PERMISSIONS as TOKENS } from '#runtime/kube/token-review.ts';
import { PERMISSIONS as CLUSTER } from './kubernetes/cluster.ts';

export const SENTINEL_PERMISSIONS: readonly Permission[] = [...CLUSTER, ...TOKENS];
