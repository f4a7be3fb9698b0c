import { describe, expect, it } from '@jest/globals';
import * as platform from '@mcp-runtime/platform';

describe('the public surface', () => {
  it('is exactly this, because every name is a promise', () => {
    expect(Object.keys(platform).sort()).toEqual([
      'AccessGrant',
      'AgentSession',
      'App',
      'Auth',
      'BootstrapStack',
      'Certificates',
      'EntranceStack',
      'Gateway',
      'IngressInstallation',
      'InvalidConstructError',
      'InvalidEnvironmentError',
      'InvalidProgramError',
      'McpServer',
      'Member',
      'Observability',
      'ObservabilityStack',
      'Platform',
      'PlatformStack',
      'Registry',
      'RegistryStack',
      'SentinelStack',
      'ServerRef',
      'ServersStack',
      'SideEffect',
      'Subject',
      'Team',
      'TenantStack',
      'Tool',
      'ToolRule',
      'Trust',
      'defineEnvironment',
      'readEnvironment',
      'renderGitOps',
      'renderHelm',
      'renderYaml',
      'silence',
      'synthesise',
    ]);
  });
});
