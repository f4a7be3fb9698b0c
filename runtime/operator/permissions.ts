// All that the operator may do: what each part of it says that it needs, beside the code that needs it. The roles are
// rendered from this list, and a test compares it with what the operator was seen to do.
import type { Permission } from '#api/permission.ts';
import { PERMISSIONS as GRANTS } from './access/grant-controller.ts';
import { PERMISSIONS as SESSIONS } from './access/session-controller.ts';
import { PERMISSIONS as TOMBSTONES } from './access/tombstones.ts';
import { PERMISSIONS as CACHES } from './caches.ts';
import { PERMISSIONS as KEYS } from './keys/gateway-keys.ts';
import { PERMISSIONS as LEASE } from './operator.ts';
import { PERMISSIONS as READINESS } from './readiness.ts';
import { PERMISSIONS as CHILDREN } from './server/apply-children.ts';
import { PERMISSIONS as PULL_SECRET } from './server/pull-secret.ts';
import { PERMISSIONS as SERVERS } from './server/server-controller.ts';
import { PERMISSIONS as EVENTS } from './server/server-story.ts';
import { PERMISSIONS as SERVER_STATUS } from './server/write-status.ts';
import { PERMISSIONS as TRUST } from './trust/trust-keeper.ts';
import { PERMISSIONS as TRUST_MAPS } from './trust/trust-maps.ts';

export const OPERATOR_PERMISSIONS: readonly Permission[] = [
  CACHES,
  SERVER_STATUS,
  SERVERS,
  GRANTS,
  SESSIONS,
  CHILDREN,
  TOMBSTONES,
  PULL_SECRET,
  KEYS,
  EVENTS,
  LEASE,
  READINESS,
  TRUST,
  TRUST_MAPS,
].flat();
