// All that the distributor may do: read what policy is made of, and ask whose a token is. The roles are rendered from
// this list, and a test compares it with what the distributor was seen to do.
import type { Permission } from '#api/permission.ts';
import { PERMISSIONS as TOKENS } from '#runtime/kube/token-review.ts';
import { PERMISSIONS as CACHES } from './caches.ts';

export const DISTRIBUTOR_PERMISSIONS: readonly Permission[] = [...CACHES, ...TOKENS];
