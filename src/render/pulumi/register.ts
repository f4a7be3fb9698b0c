// The objects of a program as Pulumi resources. It says in which order they are made and what is waited for; everything
// else is the same as in the files. Nothing here waits for an Output, so a preview registers what an update does.
import type { CustomResource, CustomResourceOptions } from '@pulumi/pulumi';
import { manifestKey, type Manifest } from '#constructs/kit/manifest.ts';
import { stackOrder, orderProblems } from '../stack-order.ts';
import { InvalidProgramError } from '../invalid-program-error.ts';
import { Foundations } from '../foundations.ts';
import { isDefinition, isNamespace } from '../needs.ts';
import type { SynthesisedProgram } from '../synthesise.ts';
import { awaiting, type AwaitArgs } from './awaiting.ts';
import { boundSecrets, type BoundSecrets } from './bound-secrets.ts';
import { KubernetesObject } from './resource.ts';
import { withoutStacks } from './without-stacks.ts';

export interface RegisterArgs {
  /** Secrets that the program names, with what Pulumi knows. @default none */
  readonly secrets?: BoundSecrets | undefined;
  /** What `pulumi up` waits for. */
  readonly wait?: AwaitArgs | undefined;
}

/** By what an object is: `mcpruntime.org/MCPServer mcp-servers/notes`. */
export type Registered = ReadonlyMap<string, CustomResource>;

const isFoundation = (manifest: Manifest) => isNamespace(manifest) || isDefinition(manifest);

/** What a stack does, rather than what it is made of: there once these are. */
const isProgram = ({ kind }: Manifest) => ['Deployment', 'StatefulSet', 'DaemonSet'].includes(kind);

interface Planned {
  readonly manifest: Manifest;
  readonly stack: string;
}

/** In the order of the stacks, each after those that it needs. */
function inOrder(
  stacks: readonly string[],
  order: ReadonlyMap<string, readonly string[]>,
): readonly string[] {
  const done = new Set<string>();
  const add = (stack: string): void => {
    if (done.has(stack)) return;
    for (const before of order.get(stack) ?? []) add(before);
    done.add(stack);
  };
  for (const stack of stacks) add(stack);
  return [...done];
}

/**
 * Registers every object of a program.
 * @param options for all of them, such as `provider` or `parent`
 * @throws InvalidProgramError where stacks wait for each other, or a secret can't be bound
 */
export function registerPulumi(
  program: SynthesisedProgram,
  args: RegisterArgs = {},
  options: CustomResourceOptions = {},
): Registered {
  const order = stackOrder(program);
  const problems = orderProblems(order);
  if (problems.length > 0) throw new InvalidProgramError(problems);
  const planned = new Map(
    program.charts.map(({ name, objects }) => [
      name,
      objects.map(({ manifest }) => ({ manifest, stack: name })),
    ]),
  );
  const stacks = inOrder([...planned.keys()], order);
  const all = stacks.flatMap((stack) => planned.get(stack) ?? []);
  const secrets = boundSecrets(
    args.secrets ?? {},
    all.map(({ manifest }) => manifest),
  );
  const registration = new Registration(args, options, order);
  withoutStacks(() => {
    for (const each of all.filter(({ manifest }) => isFoundation(manifest))) registration.add(each);
    for (const { manifest } of secrets) registration.addSecret(manifest);
    for (const each of all.filter(({ manifest }) => !isFoundation(manifest))) registration.add(each);
  });
  return registration.resources;
}

class Registration {
  readonly resources = new Map<string, CustomResource>();
  /** Of each stack, what others wait for. */
  private readonly programs = new Map<string, CustomResource[]>();
  private readonly foundations = new Foundations<CustomResource>();
  private readonly secrets = new Map<string, CustomResource[]>();
  private readonly args: RegisterArgs;
  private readonly options: CustomResourceOptions;
  private readonly order: ReadonlyMap<string, readonly string[]>;

  constructor(
    args: RegisterArgs,
    options: CustomResourceOptions,
    order: ReadonlyMap<string, readonly string[]>,
  ) {
    this.args = args;
    this.options = options;
    this.order = order;
  }

  add({ manifest, stack }: Planned): void {
    const before = (this.order.get(stack) ?? []).flatMap((other) => this.programs.get(other) ?? []);
    const secrets = isProgram(manifest) ? (this.secrets.get(manifest.metadata.namespace ?? '') ?? []) : [];
    const foundations = this.foundations.neededBy(manifest);
    const dependsOn = isFoundation(manifest) ? foundations : [...foundations, ...before, ...secrets];
    const resource = this.register(awaiting(manifest, this.args.wait ?? {}), dependsOn);
    this.foundations.add(manifest, resource);
    if (isProgram(manifest)) this.programs.set(stack, [...(this.programs.get(stack) ?? []), resource]);
  }

  /** What reads it starts after it: the programs of its namespace. */
  addSecret(manifest: Manifest): void {
    const { namespace = '' } = manifest.metadata;
    const resource = this.register(manifest, this.foundations.neededBy(manifest));
    this.secrets.set(namespace, [...(this.secrets.get(namespace) ?? []), resource]);
  }

  private register(manifest: Manifest, dependsOn: readonly CustomResource[]): CustomResource {
    const resource = new KubernetesObject(manifest, { ...this.options, dependsOn: [...dependsOn] });
    this.resources.set(manifestKey(manifest), resource);
    return resource;
  }
}
