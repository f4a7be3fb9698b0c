// What a program can get wrong about a server that its resource can't say: choices that a construct asks for.
import type { Problem } from '#api/result.ts';
import { isOff } from './gateway.ts';
import type { McpServerProps } from './mcp-server-props.ts';

// The types already ask for these; programs in JavaScript, or with casts, meet the sentences here.
type Untyped<T> = { readonly [Key in keyof T]?: T[Key] | undefined };

function toolProblems(tools: McpServerProps['tools']): readonly Problem[] {
  return (tools ?? []).flatMap((tool: Untyped<NonNullable<McpServerProps['tools']>[number]>, index) =>
    tool.sideEffect === undefined
      ? [
          {
            path: `tools[${index}].sideEffect`,
            message: 'is required, or the tool can never be called: read, write or destructive',
          },
        ]
      : [],
  );
}

export function serverProblems(props: Untyped<McpServerProps>): readonly Problem[] {
  const { auth, gateway = {}, local } = props;
  return [
    ...(auth?.mode === undefined
      ? [{ path: 'auth', message: 'is required: Auth.header(), .oauth(), .mtls() or .none()' }]
      : []),
    ...(isOff(gateway) && gateway.off.reason.trim() === ''
      ? [{ path: 'gateway.off.reason', message: 'must say why this server has no policy and no audit' }]
      : []),
    ...(local?.command.trim() === ''
      ? [{ path: 'local.command', message: 'must name the program to start' }]
      : []),
    ...toolProblems(props.tools),
  ];
}
