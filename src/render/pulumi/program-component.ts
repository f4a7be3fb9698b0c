// A program within a larger Pulumi program, as one component: a parent to see, to target and to depend on. Its resources
// know the names that they had without it, so putting a program into a component replaces nothing.
import { ComponentResource, rootStackResource, type ComponentResourceOptions } from '@pulumi/pulumi';
import { synthesise, type Program } from '../synthesise.ts';
import { registerPulumi, type RegisterArgs, type Registered } from './register.ts';

export class ProgramComponent extends ComponentResource {
  readonly resources: Registered;

  /** @throws whatever the program throws, InvalidProgramError */
  constructor(
    name: string,
    program: Program,
    args: RegisterArgs = {},
    options: ComponentResourceOptions = {},
  ) {
    super('mcp-runtime:index:Program', name, {}, options);
    const own = { parent: this, aliases: [{ parent: rootStackResource }] };
    this.resources = registerPulumi(synthesise(program), args, own);
    this.registerOutputs({});
  }
}
