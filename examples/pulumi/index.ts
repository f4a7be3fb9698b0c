// `pulumi up`: the program as one component, and the secret that it names with the value of this stack.
import { Config } from '@pulumi/pulumi';
import { ProgramComponent } from '@mcp-runtime/platform/pulumi';
import program, { NAMESPACE, SECRET } from './program.ts';

const key = new Config('assistant').requireSecret('searchKey');

const assistant = new ProgramComponent('assistant', program, {
  secrets: { [`${NAMESPACE}/${SECRET.name}`]: { [SECRET.key]: key } },
});

/** What was registered, for whoever looks at the stack. */
export const objects = [...assistant.resources.keys()];
