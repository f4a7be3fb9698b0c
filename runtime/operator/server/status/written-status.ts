// What a status that was written says, for whoever decides by it what to do next.
import { SERVER_CONDITIONS } from '#api/conditions.ts';
import { MCPServer, type McpServerStatus } from '#api/mcp-server.ts';
import type { KubeObject } from '#runtime/kube/object.ts';

/** Undefined where there is none, or none that can be read. */
export function previousStatus(raw: KubeObject): McpServerStatus | undefined {
  const read = MCPServer.status.safeParse(raw['status']);
  return read.success ? read.data : undefined;
}

export function isWell(status: McpServerStatus | undefined): boolean {
  return status?.phase === 'Ready' || status?.phase === 'Suspended';
}

/** Whether as many pods run as are asked for, also none where none is. */
export function podsRun(status: McpServerStatus | undefined): boolean {
  return isWell(status) || status?.deploymentReady === true;
}

/** Milliseconds of the epoch since when it is as ready as it is. */
export function readySince({ conditions = [] }: McpServerStatus): number | undefined {
  const ready = conditions.find(({ type }) => type === SERVER_CONDITIONS.READY);
  return timeOf(ready?.lastTransitionTime);
}

/** Milliseconds of an ISO time. */
export function timeOf(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Date.parse(text);
}
