// Names of the objects that run the platform itself, all in its namespace.

/** Of the operator. The Deployment has the name that installations of the Go system know. */
export const OPERATOR = {
  deployment: 'mcp-runtime-operator-controller-manager',
  serviceAccount: 'mcp-runtime-operator-controller-manager',
  lease: 'mcp-runtime-operator',
} as const;
