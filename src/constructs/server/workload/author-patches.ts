// What an author adds to the pods. The schema of `spec.podTemplate` lists what is safe to add; here it is put beside
// ours. Members that Kubernetes itself validates pass as they are, past the generated classes, which know only 1.28.
import { JsonPatch } from 'cdk8s';
import type { McpServer } from '#api/mcp-server.ts';

const POD = '/spec';
/** Ours is the only other container, and it comes second. */
const SERVER = `${POD}/containers/0`;

const SCHEDULING = [
  'nodeSelector',
  'tolerations',
  'affinity',
  'topologySpreadConstraints',
  'priorityClassName',
] as const;
const PROBES = ['livenessProbe', 'readinessProbe', 'startupProbe'] as const;

/** @param hasVolumes whether the template has volumes already */
export function authorPatches({ spec }: McpServer, hasVolumes: boolean): readonly JsonPatch[] {
  const pod = spec.podTemplate?.spec;
  const container = pod?.containers?.[0];
  const volumes = pod?.volumes ?? [];
  const add = (path: string, value: unknown) => (value === undefined ? [] : [JsonPatch.add(path, value)]);
  return [
    ...SCHEDULING.flatMap((member) => add(`${POD}/${member}`, pod?.[member])),
    ...PROBES.flatMap((probe) => add(`${SERVER}/${probe}`, container?.[probe])),
    ...(volumes.length > 0 && !hasVolumes ? add(`${POD}/volumes`, []) : []),
    ...volumes.flatMap((volume) => add(`${POD}/volumes/-`, volume)),
  ];
}
