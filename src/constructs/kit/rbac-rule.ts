// A rule of RBAC, as a role holds it.
export interface RbacRule {
  /** Empty text for the core group. */
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  /** Only these objects. A server-side apply names its object, so that even what it creates can be limited so. */
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}
