// The environment of the operator: the installation's decisions, and what is the operator's alone. Credentials come by
// reference.
import { DISTRIBUTOR_PORTS } from '#api/distributor-api.ts';
import { DISTRIBUTOR_TLS_NAME } from '#api/names.ts';
import { IDENTITY_FILES, PROXY_PATHS } from '#api/proxy-config.ts';
import type { EnvVar } from '#constructs/kit/kubernetes.ts';
import {
  isDistributorOff,
  type ControlPlaneProps,
  type RegistryCredentialsRef,
} from '../control-plane-props.ts';
import { installationEnvironment, variablesOf, type Values } from '../installation-environment.ts';

/**
 * What a reconcile makes lives for milliseconds. A small young generation keeps the heap of a thousand servers within
 * half of the memory of the default, for a little more time in the collector.
 */
const NODE_OPTIONS = '--max-semi-space-size=4';

/** Where the operator hears what proxies enforce, and how it says who it is there. */
function acknowledgements({ acknowledgementsUrl, distributor }: ControlPlaneProps): Values {
  if (acknowledgementsUrl !== undefined || isDistributorOff(distributor)) {
    return { MCP_ACKNOWLEDGEMENTS_URL: acknowledgementsUrl };
  }
  return {
    MCP_ACKNOWLEDGEMENTS_URL: `https://${DISTRIBUTOR_TLS_NAME}:${DISTRIBUTOR_PORTS.stream}`,
    MCP_ACKNOWLEDGEMENTS_TOKEN_FILE: `${PROXY_PATHS.identityFolder}/${IDENTITY_FILES.policyToken}`,
  };
}

function ofTheOperator(props: ControlPlaneProps): Values {
  return {
    NODE_OPTIONS,
    ...acknowledgements(props),
    MCP_CA_ROTATE_AFTER_SECONDS: props.authority?.rotateAfterSeconds?.toString(),
    MCP_CA_OVERLAP_SECONDS: props.authority?.overlapSeconds?.toString(),
    MCP_KEYS_ROTATE_AFTER_SECONDS: props.keys?.rotateAfterSeconds?.toString(),
    REQUEUE_DELAY_SECONDS: props.requeueSeconds?.toString(),
    MCP_LEGACY_FIELD_MANAGERS: props.legacyFieldManagers?.join(','),
  };
}

function credentials(reference: RegistryCredentialsRef | undefined): readonly EnvVar[] {
  if (reference === undefined) return [];
  const { secretName, usernameKey = 'username', passwordKey = 'password' } = reference;
  const from = (name: string, key: string) => ({
    name,
    valueFrom: { secretKeyRef: { name: secretName, key } },
  });
  return [
    from('PROVISIONED_REGISTRY_USERNAME', usernameKey),
    from('PROVISIONED_REGISTRY_PASSWORD', passwordKey),
  ];
}

export function operatorEnvironment(props: ControlPlaneProps): readonly EnvVar[] {
  const values = { ...installationEnvironment(props), ...ofTheOperator(props) };
  return [...variablesOf(values), ...credentials(props.registryCredentials)];
}
