// What an author wrote that has no effect, so that whoever applies it can say so: nothing of it stops a server.
import { workloadLabels } from '#api/labels.ts';
import type { McpServer } from '#api/mcp-server.ts';
import { OWN_HEADERS } from '#api/proxy-config.ts';
import type { Problem } from '#api/result.ts';
import { formatPath } from '#api/sentences.ts';
import { ingressAnnotations } from './ingress-strategies.ts';
import type { WorkloadContext } from './workload-context.ts';

/** Variables of which a later one of the same name is taken. */
function repeatedVariables({ spec }: McpServer): readonly Problem[] {
  const variables = (['envVars', 'secretEnvVars'] as const).flatMap((list) =>
    (spec[list] ?? []).map(({ name }, index) => ({ name, path: formatPath(['spec', list, index]) })),
  );
  const last = new Map(variables.map(({ name, path }) => [name, path]));
  return variables.flatMap(({ name, path }) => {
    const taken = last.get(name);
    if (taken === undefined || taken === path) return [];
    return [{ path, message: `has no effect: ${taken} sets ${name} once more, and the last one counts` }];
  });
}

function refusedAnnotations(context: WorkloadContext): readonly Problem[] {
  const { ingressStrategy, resolved, config } = context;
  const { refused } = ingressAnnotations(ingressStrategy, resolved.route, config);
  return refused.map((name) => ({
    path: formatPath(['spec', 'ingressAnnotations', name]),
    message: `has no effect: it is not among the annotations that class ${resolved.route.ingressClass} may be told`,
  }));
}

/** Labels of the platform, which selectors select by, are never an author's. */
function ownLabels({ server, resolved }: WorkloadContext): readonly Problem[] {
  const ours = workloadLabels(resolved.name, 'stable');
  return Object.keys(server.spec.podTemplate?.metadata?.labels ?? {})
    .filter((name) => name in ours)
    .map((name) => ({
      path: formatPath(['spec', 'podTemplate', 'metadata', 'labels', name]),
      message: 'has no effect: the platform sets this label',
    }));
}

function overriddenTemplate({ server, names }: WorkloadContext): readonly Problem[] {
  const { podTemplate, resources, topologySpread } = server.spec;
  const at = 'spec.podTemplate.spec.containers[0]';
  const container = podTemplate?.spec?.containers?.[0];
  const twice = (['requests', 'limits'] as const).flatMap((of) =>
    (['cpu', 'memory'] as const)
      .filter(
        (what) => container?.resources?.[of]?.[what] !== undefined && resources?.[of]?.[what] !== undefined,
      )
      .map((what) => `${of}.${what}`),
  );
  const renamed = container?.name !== undefined && container.name !== names.container;
  return [
    ...(renamed
      ? [
          {
            path: `${at}.name`,
            message: `has no effect: the server's container is called ${names.container}`,
          },
        ]
      : []),
    ...twice.map((which) => ({
      path: `${at}.resources.${which}`,
      message: `has no effect: spec.resources.${which} is set too`,
    })),
    ...(podTemplate?.spec?.topologySpreadConstraints !== undefined && topologySpread !== 'Preferred'
      ? [{ path: 'spec.topologySpread', message: 'has no effect beside the constraints of podTemplate' }]
      : []),
  ];
}

function refusedHeaders({ spec }: McpServer): readonly Problem[] {
  return (spec.gateway?.forwardHeaders ?? []).flatMap((name, index) =>
    OWN_HEADERS.has(name.toLowerCase())
      ? [
          {
            path: formatPath(['spec', 'gateway', 'forwardHeaders', index]),
            message: `has no effect: the proxy sets ${name} itself`,
          },
        ]
      : [],
  );
}

function toolsWithoutEffect({ spec }: McpServer): readonly Problem[] {
  return (spec.tools ?? []).flatMap(({ name, sideEffect }, index) =>
    sideEffect === undefined
      ? [
          {
            path: formatPath(['spec', 'tools', index, 'sideEffect']),
            message: `is missing, so every call of ${name} is denied (tool_side_effect_unknown); set read, write or destructive`,
          },
        ]
      : [],
  );
}

export function warningsOf(context: WorkloadContext): readonly Problem[] {
  const { server, resolved } = context;
  return [
    ...repeatedVariables(server),
    ...refusedAnnotations(context),
    ...ownLabels(context),
    ...overriddenTemplate(context),
    ...refusedHeaders(server),
    // Without a proxy nobody asks what a tool does.
    ...(resolved.gateway === undefined ? [] : toolsWithoutEffect(server)),
  ];
}
