// The public surface of the library: what a program needs, and nothing that it doesn't. Every name here is a promise.
export { App } from 'cdk8s';
export { SideEffect, type RiskLevel } from '#api/side-effect.ts';
export { Trust } from '#api/trust.ts';
export type { Problem } from '#api/result.ts';
export type { CheckName } from '#checks/checks.ts';
export { silence } from '#checks/silence.ts';
export { AccessGrant, type AccessGrantProps, type GrantProps } from '#constructs/access/access-grant.ts';
export { AgentSession, type AgentSessionProps, type SessionProps } from '#constructs/access/agent-session.ts';
export { ServerRef } from '#constructs/access/server-ref.ts';
export { Subject, type GrantSubject } from '#constructs/access/subject.ts';
export { ToolRule } from '#constructs/access/tool-rule.ts';
export { Certificates, type ServingCertificate } from '#constructs/certs/certificates.ts';
export type { TlsProps } from '#constructs/certs/tls-settings.ts';
export type {
  ControlPlaneProps,
  RegistryCredentialsRef,
} from '#constructs/control-plane/control-plane-props.ts';
export {
  IngressInstallation,
  type IngressInstallationProps,
} from '#constructs/ingress/ingress-installation.ts';
export type { IngressProps } from '#constructs/ingress/ingress-settings.ts';
export { InvalidConstructError } from '#constructs/kit/invalid-construct-error.ts';
export type { Exemption } from '#constructs/kit/security.ts';
export type { Warning } from '#constructs/kit/warnings.ts';
export type {
  ApiTokenRef,
  SentinelBackup,
  SentinelClient,
  SentinelProps,
  SentinelRestore,
  SentinelVolume,
} from '#constructs/sentinel/sentinel-props.ts';
export { Auth, type HeaderAuthOptions, type OauthOptions } from '#constructs/server/auth.ts';
export { Gateway, type GatewayOff, type GatewayOptions } from '#constructs/server/gateway.ts';
export type { LocalCommand } from '#constructs/server/local-command.ts';
export { McpServer } from '#constructs/server/mcp-server.ts';
export type { McpServerProps, SessionPolicy } from '#constructs/server/mcp-server-props.ts';
export type { GatewayListener, Route, RouteTls } from '#constructs/server/route.ts';
export { Tool, type Rate } from '#constructs/server/tool.ts';
export { Observability } from '#constructs/observability/observability.ts';
export type { ObservabilityProps } from '#constructs/observability/observability-settings.ts';
export { Registry } from '#constructs/registry/registry.ts';
export type { RegistryProps } from '#constructs/registry/registry-settings.ts';
export { Member } from '#constructs/team/member.ts';
export { Team } from '#constructs/team/team.ts';
export type { TeamDuty, TeamProps } from '#constructs/team/team-settings.ts';
export type { Environment, EnvironmentSettings } from '#environment/environment-schema.ts';
export { defineEnvironment } from '#environment/environment.ts';
export { InvalidProgramError } from '#render/invalid-program-error.ts';
export type { Manifest } from '#constructs/kit/manifest.ts';
export {
  synthesise,
  type Program,
  type SynthesisedChart,
  type SynthesisedObject,
  type SynthesisedProgram,
  type SynthesisedServer,
} from '#render/synthesise.ts';
export { renderGitOps, type GitOpsOptions } from '#render/gitops/gitops.ts';
export type { ArgoOptions, ArgoShape } from '#render/gitops/argo.ts';
export type { FluxOptions } from '#render/gitops/flux.ts';
export type { RenderedFile } from '#render/rendered-file.ts';
export { InvalidEnvironmentError, readEnvironment } from '#render/read-environment.ts';
export { renderHelm, type HelmOptions } from '#render/helm/helm.ts';
export { renderYaml, type YamlFile } from '#render/yaml.ts';
export { BootstrapStack } from '#stacks/bootstrap-stack.ts';
export { PlatformStack, type PlatformStackProps } from '#stacks/platform-stack.ts';
export { SentinelStack, type SentinelStackProps } from '#stacks/sentinel-stack.ts';
export { ServersStack, type ServersStackProps } from '#stacks/servers-stack.ts';
export { TenantStack, type TenantStackProps } from '#stacks/tenant-stack.ts';
export { EntranceStack, type EntranceStackProps } from '#stacks/entrance-stack.ts';
export { Platform } from '#stacks/platform.ts';
export { RegistryStack, type RegistryStackProps } from '#stacks/registry-stack.ts';
export { ObservabilityStack, type ObservabilityStackProps } from '#stacks/observability-stack.ts';
