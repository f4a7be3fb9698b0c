// Whether an object is as it should be, by the rules that kstatus has for every kind: what both tools go by where nothing
// else is said. Only what an installation is made of has rules of its own here.
import { at, conditionOf, type KubeObject } from '#test/cluster/harness/objects.ts';

export interface Health {
  readonly state: 'current' | 'progressing' | 'failed';
  /** Why not. */
  readonly message: string;
}

export const CURRENT: Health = { state: 'current', message: '' };

export const progressing = (message: string): Health => ({ state: 'progressing', message });

export const failed = (message: string): Health => ({ state: 'failed', message });

const holds = (object: KubeObject, type: string) => conditionOf(object, type)?.status === 'True';

const count = (object: KubeObject, ...path: readonly string[]) => Number(at(object, ...path) ?? 0);

const wantedReplicas = (object: KubeObject) => Number(at(object, 'spec', 'replicas') ?? 1);

function deployment(object: KubeObject): Health {
  const { reason, message } = conditionOf(object, 'Progressing') ?? {};
  if (reason === 'ProgressDeadlineExceeded') return failed(message ?? reason);
  const wanted = wantedReplicas(object);
  const counts = ['updatedReplicas', 'readyReplicas', 'availableReplicas'].map((name) =>
    count(object, 'status', name),
  );
  const isWhole = counts.every((each) => each >= wanted) && count(object, 'status', 'replicas') === wanted;
  return isWhole ? CURRENT : progressing(`has ${counts.join(', ')} of ${wanted} updated, ready, available`);
}

function statefulSet(object: KubeObject): Health {
  const wanted = wantedReplicas(object);
  const ready = count(object, 'status', 'readyReplicas');
  const isNewest = at(object, 'status', 'currentRevision') === at(object, 'status', 'updateRevision');
  return ready === wanted && isNewest ? CURRENT : progressing(`has ${ready} of ${wanted} ready`);
}

const RULES: Readonly<Record<string, (object: KubeObject) => Health>> = {
  Deployment: deployment,
  StatefulSet: statefulSet,
  CustomResourceDefinition: (object) =>
    holds(object, 'Established') ? CURRENT : progressing('is not established'),
};

/** By conditions that say the same for every kind. */
function byConditions(object: KubeObject): Health {
  const stalled = conditionOf(object, 'Stalled');
  if (stalled?.status === 'True') return failed(stalled.message ?? 'is stalled');
  const ready = conditionOf(object, 'Ready');
  if (ready === undefined || ready.status === 'True') return CURRENT;
  return progressing(ready.message ?? 'is not ready');
}

export function kstatus(object: KubeObject): Health {
  if (object.metadata.deletionTimestamp !== undefined) return progressing('is about to go');
  const observed = at(object, 'status', 'observedGeneration');
  if (observed !== undefined && observed !== object.metadata.generation)
    return progressing('has not been looked at');
  return (RULES[object.kind] ?? byConditions)(object);
}
