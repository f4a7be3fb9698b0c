// Programs as Pulumi resources: `@mcp-runtime/platform/pulumi`. It is apart because importing Pulumi takes a second.
export type { AwaitArgs } from './awaiting.ts';
export type { BoundSecrets } from './bound-secrets.ts';
export { ProgramComponent } from './program-component.ts';
export { registerPulumi, type Registered, type RegisterArgs } from './register.ts';
