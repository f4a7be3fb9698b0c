// The operator keeps one Secret for each governed server, under names that no rule of RBAC can hold, so its role reaches
// every Secret. This narrows what it may write of them to what is its own, whoever holds its token.
import { LABELS, PLATFORM } from '#api/labels.ts';
import { AUTHORITY_SECRET, DISTRIBUTOR, NAMESPACES, serverObjectNames } from '#api/names.ts';
import type { Construct } from 'constructs';
import { ADMISSION_POLICIES, OPERATOR } from '../names.ts';
import { addAdmissionPolicy } from './admission-policy.ts';

const USER = `system:serviceaccount:${NAMESPACES.platform}:${OPERATOR.serviceAccount}`;
const KEYS_NAME_END = serverObjectNames('').keysSecret;

const isLabelled = (object: string) =>
  `has(${object}.metadata.labels) && '${LABELS.managedBy}' in ${object}.metadata.labels && ` +
  `${object}.metadata.labels['${LABELS.managedBy}'] == '${PLATFORM}'`;

/** @param pullSecret that of the platform's registry, in the namespaces of servers */
export function addSecretPolicy(scope: Construct, pullSecret: string): void {
  addAdmissionPolicy(scope, {
    name: ADMISSION_POLICIES.secrets,
    resource: {
      apiGroup: '',
      apiVersion: 'v1',
      resource: 'secrets',
      operations: ['CREATE', 'UPDATE', 'DELETE'],
    },
    matchConditions: [{ name: 'is-the-operator', expression: `request.userInfo.username == '${USER}'` }],
    variables: [
      {
        name: 'name',
        expression: `request.operation == 'DELETE' ? oldObject.metadata.name : object.metadata.name`,
      },
      {
        // Before and after: a Secret of somebody else's does not become ours by a label.
        name: 'isKeys',
        expression:
          `variables.name.endsWith('${KEYS_NAME_END}') && ` +
          `(request.operation == 'DELETE' || ${isLabelled('object')}) && ` +
          `(request.operation == 'CREATE' || ${isLabelled('oldObject')})`,
      },
      {
        name: 'isPlatforms',
        expression:
          `request.namespace == '${NAMESPACES.platform}' && ` +
          `variables.name in ['${AUTHORITY_SECRET}', '${DISTRIBUTOR.tlsSecret}']`,
      },
    ],
    validations: [
      {
        expression: `variables.isKeys || variables.isPlatforms || variables.name == '${pullSecret}'`,
        messageExpression: [
          `'the operator may not write Secret ' + request.namespace + '/' + variables.name`,
          `': its own are the keys of servers that it made, the pull secret of the registry, and the certificates of the platform. '`,
          `'Rename or delete what has the name of one of them'`,
        ].join(' + '),
        message: 'the operator writes no Secret but its own',
      },
    ],
  });
}
