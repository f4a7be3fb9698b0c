// Compiled policy, tombstones and the authority that proxies trust lie in ConfigMaps of the servers' namespaces, where
// tenants may write ConfigMaps. This keeps them from forging the one or erasing the other. A ConfigMap is the platform's by its label, and by name where
// one without the label would be read all the same. What ends a namespace, or collects what nobody owns any more, passes.
//
// It is asked about every ConfigMap of the cluster, so no expression may fail: each member is asked for before it is read.
import { API_GROUP } from '#api/kind.ts';
import { LABELS, PLATFORM } from '#api/labels.ts';
import { PLATFORM_CA, serverObjectNames } from '#api/names.ts';
import { POLICY_KEYS } from '#policy/policy-file.ts';
import type { Construct } from 'constructs';
import { ADMISSION_POLICIES, RIGHTS, TOMBSTONES_CONFIG_MAP } from '../names.ts';
import { addAdmissionPolicy } from './admission-policy.ts';

const POLICY_NAME_END = serverObjectNames('').policyConfigMap;

const isLabelled = (object: string) =>
  `has(${object}.metadata.labels) && '${LABELS.managedBy}' in ${object}.metadata.labels && ` +
  `${object}.metadata.labels['${LABELS.managedBy}'] == '${PLATFORM}'`;

const isNamed = (object: string) =>
  `has(${object}.metadata.name) && (${object}.metadata.name in ['${TOMBSTONES_CONFIG_MAP}', '${PLATFORM_CA}'] || ` +
  `${object}.metadata.name.endsWith('${POLICY_NAME_END}') && ` +
  `(has(${object}.data) && '${POLICY_KEYS.plain}' in ${object}.data || ` +
  `has(${object}.binaryData) && '${POLICY_KEYS.gzip}' in ${object}.binaryData))`;

const isOurs = (object: string) => `(${isLabelled(object)} || ${isNamed(object)})`;

/** The cluster's own controllers: garbage collection writes owner references and finalizers, and deletes. */
const IS_CONTROLLER =
  `request.userInfo.username == 'system:kube-controller-manager' || ` +
  `has(request.userInfo.groups) && 'system:serviceaccounts:kube-system' in request.userInfo.groups`;

/** In every namespace, so that a role of one namespace that allows everything there is not enough. */
const MAY_COMPILE = `authorizer.group('${API_GROUP}').resource('mcpservers').check('${RIGHTS.compile}').allowed()`;

const REFUSAL = [
  // Not the request's name: it has none where a collection is deleted.
  `'user ' + request.userInfo.username + ' may not write ConfigMap ' + request.namespace + '/' + variables.name`,
  `': it holds what the operator compiled from MCPServers, grants and sessions, or remembers of revoked ones, or what proxies trust. '`,
  `'Change those instead, and delete the MCPServer to be rid of it. '`,
  `'Whoever has to write it needs the verb ${RIGHTS.compile} on mcpservers.${API_GROUP} in a ClusterRole, bound in all namespaces.'`,
].join(' + ');

export function addConfigMapPolicy(scope: Construct): void {
  addAdmissionPolicy(scope, {
    name: ADMISSION_POLICIES.configMaps,
    resource: {
      apiGroup: '',
      apiVersion: 'v1',
      resource: 'configmaps',
      operations: ['CREATE', 'UPDATE', 'DELETE'],
    },
    matchConditions: [
      {
        // Before or after: a label that is taken off is written, too.
        name: 'is-ours',
        expression:
          `request.operation != 'DELETE' && ${isOurs('object')} || ` +
          `request.operation != 'CREATE' && ${isOurs('oldObject')}`,
      },
    ],
    variables: [
      {
        name: 'name',
        expression: `request.operation == 'DELETE' ? oldObject.metadata.name : object.metadata.name`,
      },
      { name: 'isController', expression: `request.operation != 'CREATE' && (${IS_CONTROLLER})` },
      {
        name: 'namespaceEnds',
        expression: `request.operation == 'DELETE' && has(namespaceObject.metadata.deletionTimestamp)`,
      },
    ],
    validations: [
      {
        expression: `variables.isController || variables.namespaceEnds || ${MAY_COMPILE}`,
        messageExpression: REFUSAL,
        message: 'compiled policy and tombstones are written by the operator alone',
      },
    ],
  });
}
