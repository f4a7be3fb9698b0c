// Resources in the form of the generated classes.
import type { ResolvedResources } from '#api/resolve-resources.ts';
import { Quantity, type ResourceRequirements } from '#constructs/kit/kubernetes.ts';

const quantities = ({ cpu, memory }: { readonly cpu: string; readonly memory: string }) => ({
  cpu: Quantity.fromString(cpu),
  memory: Quantity.fromString(memory),
});

export function resourceRequirements({ requests, limits }: ResolvedResources): ResourceRequirements {
  return { requests: quantities(requests), limits: quantities(limits) };
}
