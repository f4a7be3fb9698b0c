// A standing permission for a subject to use tools of one server, up to a trust.
import { MCPAccessGrant, type McpAccessGrant, type McpAccessGrantSpecInput } from '#api/mcp-access-grant.ts';
import { suggestion } from '#api/nearest.ts';
import type { Problem } from '#api/result.ts';
import type { SideEffect } from '#api/side-effect.ts';
import type { Trust } from '#api/trust.ts';
import type { DeepReadonly } from '#constructs/kit/deep-readonly.ts';
import { addResource, checkResource, plainCopy } from '#constructs/kit/custom-resource.ts';
import { constructPath, InvalidConstructError } from '#constructs/kit/invalid-construct-error.ts';
import { McpAccessGrant as Generated } from '#imports/mcpruntime.org.ts';
import { Construct } from 'constructs';
import type { ServerRef } from './server-ref.ts';
import { subjectSpec, type GrantSubject } from './subject.ts';
import type { ToolRule } from './tool-rule.ts';

/** What a grant says, without the server it is about. */
export interface GrantProps {
  /** Whom it is for. */
  readonly subject: GrantSubject;
  /** The most trust it gives. */
  readonly maxTrust: Trust;
  /** Side effects of the tools that may be called; an empty list allows none, and rules that deny still hold. */
  readonly sideEffects: readonly SideEffect[];
  /**
   * Rules for single tools. A grant that has any covers only the tools that its rules allow. A caller whose call
   * fails is told why if a grant of theirs names the tool; every other tool looks as if it did not exist.
   * @default every declared tool whose side effect is allowed
   */
  readonly tools?: readonly ToolRule[];
  /** Switches the grant off: it neither allows nor denies. @default false */
  readonly disabled?: boolean;
  /** Label of the policy that the grant belongs to, carried into audit. @default none */
  readonly policyVersion?: string;
  /** Name of the object. @default the id of the construct */
  readonly name?: string;
  /** Namespace of the object. @default that of the server */
  readonly namespace?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface AccessGrantProps extends GrantProps {
  readonly server: ServerRef;
}

const ANYBODY = 'names nobody; write Subject.ANY_VERIFIED if every verified caller is meant';

function grantSubject(subject: GrantSubject): McpAccessGrantSpecInput['subject'] {
  if (subject === 'any-verified') return {};
  return subject === 'anonymous' ? { anonymous: true } : subjectSpec(subject);
}

function specOf(props: AccessGrantProps): DeepReadonly<McpAccessGrantSpecInput> {
  const { server, tools, policyVersion } = props;
  return {
    serverRef: { name: server.serverName, namespace: server.serverNamespace },
    subject: grantSubject(props.subject),
    maxTrust: props.maxTrust,
    allowedSideEffects: props.sideEffects,
    toolRules: tools?.map((rule) => ({ ...rule, requiredTrust: rule.requiredTrust ?? 'low' })),
    policyVersion,
    // Never `false`: that would switch a grant on again that somebody switched off in the cluster.
    disabled: props.disabled === true ? true : undefined,
  };
}

/** What the schema can't say: subjects that name nobody, and tools that the server doesn't declare. */
function ownProblems(props: AccessGrantProps): readonly Problem[] {
  const { subject, server, tools = [] } = props;
  const unnamed = typeof subject === 'object' && Object.values(subjectSpec(subject)).join('') === '';
  const declared = server.declaredTools;
  const known = declared?.length === 0 ? 'it declares none' : `it declares ${declared?.join(', ') ?? ''}`;
  return [
    ...(unnamed ? [{ path: 'subject', message: ANYBODY }] : []),
    ...tools.flatMap((rule, index) =>
      declared === undefined || declared.includes(rule.name)
        ? []
        : [
            {
              path: `tools[${index}].name`,
              message: `server ${server.serverName} has no tool ${JSON.stringify(rule.name)}; ${known}${suggestion(rule.name, declared)}`,
            },
          ],
    ),
  ];
}

export class AccessGrant extends Construct {
  /** The object as the API server would store it, defaults filled in. */
  readonly resource: McpAccessGrant;

  /** @throws InvalidConstructError with everything that is wrong */
  constructor(scope: Construct, id: string, props: AccessGrantProps) {
    const { name = id, labels, annotations } = props;
    const namespace = props.namespace ?? props.server.serverNamespace;
    const metadata = { name, namespace, labels, annotations };
    const spec = specOf(props);
    const checked = checkResource(MCPAccessGrant, metadata, spec);
    const problems = [...ownProblems(props), ...(checked.ok ? [] : checked.error)];
    if (!checked.ok || problems.length > 0) {
      throw new InvalidConstructError('AccessGrant', constructPath(scope, id), problems);
    }
    super(scope, id);
    this.resource = checked.value;
    const rendered = plainCopy(spec);
    addResource(this, Generated.GVK, metadata, () => rendered);
  }
}
