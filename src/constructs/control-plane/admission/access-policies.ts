// Who may give access to a server: whoever has the verb `grant` or `consent` on that server, as RBAC asks for `bind`.
// The right to write a grant is not enough, since a grant of one namespace may be about a server of another. What only
// takes access away needs no such right: who sees that something is wrong has to be able to stop it.
import { API_GROUP } from '#api/kind.ts';
import { USER_ROLES } from '#api/names.ts';
import type { Construct } from 'constructs';
import { ADMISSION_POLICIES, RIGHTS, type Right } from '../names.ts';
import { addAdmissionPolicy, type AdmissionPolicy } from './admission-policy.ts';

/** The namespace of the server that an object is about. */
const serverNamespace = (object: string) =>
  `has(${object}.spec.serverRef.namespace) && ${object}.spec.serverRef.namespace != '' ` +
  `? ${object}.spec.serverRef.namespace : request.namespace`;

const mayOn = (right: Right, namespace: string, name: string) =>
  `authorizer.group('${API_GROUP}').resource('mcpservers').namespace(${namespace}).name(${name}).check('${right}').allowed()`;

/** Whether the spec differs from the one before in nothing but `field`. */
const onlyDiffersIn = (field: string) =>
  `object.spec.all(key, key == '${field}' || (key in oldObject.spec && object.spec[key] == oldObject.spec[key])) && ` +
  `oldObject.spec.all(key, key == '${field}' || key in object.spec)`;

/** Whether the switch `field` is now on, and is all that changed. */
const onlySwitchedOn = (field: string) =>
  `request.operation == 'UPDATE' && has(object.spec.${field}) && object.spec.${field} && ${onlyDiffersIn(field)}`;

/** A grant that denies takes access away; to switch it off is to give. */
const DENIES = `has(oldObject.spec.toolRules) && oldObject.spec.toolRules.exists(rule, rule.decision == 'deny')`;

interface AccessPolicy {
  readonly name: string;
  readonly resource: 'mcpaccessgrants' | 'mcpagentsessions';
  readonly right: Right;
  readonly role: string;
  /** CEL: whether an update only takes away. */
  readonly harmless: string;
  /** What may be done without the right, in words. */
  readonly without: string;
}

const GRANTS: AccessPolicy = {
  name: ADMISSION_POLICIES.grants,
  resource: 'mcpaccessgrants',
  right: RIGHTS.grant,
  role: USER_ROLES.grantor,
  harmless: `${onlySwitchedOn('disabled')} && !(${DENIES})`,
  without: 'Without it a grant that denies nothing may still be disabled',
};

const SESSIONS: AccessPolicy = {
  name: ADMISSION_POLICIES.sessions,
  resource: 'mcpagentsessions',
  right: RIGHTS.consent,
  role: USER_ROLES.consenter,
  harmless: onlySwitchedOn('revoked'),
  without: 'Without it a session may still be revoked',
};

/** CEL for the message about one server. */
const refusal = ({ resource, right, role, without }: AccessPolicy, namespace: string, name: string) =>
  [
    `'user ' + request.userInfo.username`,
    `' may not write ${resource} about server ' + ${namespace} + '/' + ${name}`,
    `': it needs the verb ${right} on mcpservers.${API_GROUP} ' + ${name}`,
    `' in namespace ' + ${namespace}`,
    `'. Ask for a RoleBinding to ClusterRole ${role} there. ${without}.'`,
  ].join(' + ');

function admissionPolicy(policy: AccessPolicy): AdmissionPolicy {
  const { name, resource, right, harmless } = policy;
  const message = `needs the verb ${right} on the mcpservers.${API_GROUP} that serverRef names`;
  const now = ['variables.serverNamespace', 'object.spec.serverRef.name'] as const;
  const before = ['variables.oldServerNamespace', 'oldObject.spec.serverRef.name'] as const;
  return {
    name,
    resource: { apiGroup: API_GROUP, apiVersion: '*', resource, operations: ['CREATE', 'UPDATE'] },
    matchConditions: [
      {
        // Labels, owner references and finalizers give nobody access; garbage collection writes them.
        name: 'spec-differs',
        expression: `request.operation == 'CREATE' || object.spec != oldObject.spec`,
      },
    ],
    variables: [
      { name: 'serverNamespace', expression: serverNamespace('object') },
      {
        name: 'oldServerNamespace',
        expression: `request.operation == 'CREATE' ? variables.serverNamespace : (${serverNamespace('oldObject')})`,
      },
      { name: 'harmless', expression: harmless },
    ],
    validations: [
      {
        expression: `variables.harmless || ${mayOn(right, ...now)}`,
        messageExpression: refusal(policy, ...now),
        message,
      },
      {
        // What is moved away from a server may have denied something there.
        expression:
          `request.operation == 'CREATE' || variables.harmless || object.spec.serverRef == oldObject.spec.serverRef || ` +
          mayOn(right, ...before),
        messageExpression: refusal(policy, ...before),
        message,
      },
    ],
  };
}

export function addAccessPolicies(scope: Construct): void {
  addAdmissionPolicy(scope, admissionPolicy(GRANTS));
  addAdmissionPolicy(scope, admissionPolicy(SESSIONS));
}
