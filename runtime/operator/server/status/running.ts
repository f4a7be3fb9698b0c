// What answers callers at this moment, read off the ready pods: which images, and whether a proxy stands before them.
import { PROXY_CONTAINER } from '#api/proxy-config.ts';
import { serverObjectNames } from '#api/names.ts';
import type { PodView } from './objects.ts';
import { hasReadyProxy, isReady, livePods, type Scene } from './scene.ts';
import { pods } from './words.ts';

const imageOf = ({ spec }: PodView, container: string) =>
  spec.containers.find(({ name }) => name === container)?.image ?? 'an unknown image';

function kindOf(pod: PodView, container: string): string {
  const ready = hasReadyProxy(pod);
  const has = pod.spec.containers.some(({ name }) => name === PROXY_CONTAINER);
  const proxy = ready
    ? `behind proxy ${imageOf(pod, PROXY_CONTAINER)}`
    : `without a ${has ? 'ready ' : ''}proxy`;
  return `${imageOf(pod, container)} ${proxy}`;
}

/** `2 pods run notes:1.0 behind proxy proxy:1.0`, one clause for each kind of pod; undefined where none is ready. */
export function whatRuns(scene: Scene): string | undefined {
  const { container } = serverObjectNames(scene.input.resolved.name);
  const counts = new Map<string, number>();
  for (const pod of livePods(scene.tracks).filter(isReady)) {
    const kind = kindOf(pod, container);
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  const clauses = [...counts]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([kind, count]) => `${pods(count)} ${count === 1 ? 'runs' : 'run'} ${kind}`);
  return clauses.length === 0 ? undefined : clauses.join(', ');
}
