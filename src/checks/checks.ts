// All checks of a program, in the order in which their findings are told. docs/checks.md has the same list.
import { assertedIdentity } from './asserted-identity.ts';
import { closedNamespace } from './closed-namespace.ts';
import { endlessSession } from './endless-session.ts';
import { excessTrust } from './excess-trust.ts';
import { floatingImage } from './floating-image.ts';
import { imageCollision } from './image-collision.ts';
import { invalidObject } from './invalid-object.ts';
import { openServer } from './open-server.ts';
import { plainHttp } from './plain-http.ts';
import { brokenQuota, tightQuota } from './quota.ts';
import { retiredIngress } from './retired-ingress.ts';
import { routeCollision } from './route-collision.ts';
import { unknownClass } from './unknown-class.ts';
import { unknownServer } from './unknown-server.ts';
import { unknownTool } from './unknown-tool.ts';

export const CHECKS = [
  invalidObject,
  unknownServer,
  unknownTool,
  closedNamespace,
  unknownClass,
  routeCollision,
  excessTrust,
  endlessSession,
  openServer,
  assertedIdentity,
  plainHttp,
  retiredIngress,
  floatingImage,
  imageCollision,
  brokenQuota,
  tightQuota,
] as const;

export type CheckName = (typeof CHECKS)[number]['name'];
