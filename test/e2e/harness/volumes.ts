// Volumes of pods, as files of the node: where a test fills one, or puts something into it that no kubelet would.
import { node } from './node.ts';
import type { KubeObject } from '#test/cluster/harness/objects.ts';

export type VolumePlugin = 'empty-dir' | 'projected' | 'secret';

export function volumeOf(pod: KubeObject, plugin: VolumePlugin, name: string): string {
  return `/var/lib/kubelet/pods/${pod.metadata.uid ?? ''}/volumes/kubernetes.io~${plugin}/${name}`;
}

/** Runs a script on the node, `$1` and so on being its arguments; what it prints. Throws where it fails. */
export async function onNode(script: string, args: readonly string[], input = ''): Promise<string> {
  const { code, stdout, stderr } = await node().exec(['sh', '-ec', script, 'sh', ...args], { input });
  if (code !== 0) throw new Error(`on the node, ${script} ended with ${code}: ${stderr}`);
  return stdout;
}

/** Makes a volume as small as this for every container that is started from now on. What was in it is no longer seen. */
export async function shrink(volume: string, size: string): Promise<void> {
  await onNode('mount -t tmpfs -o "size=$2,mode=1777" tmpfs "$1"', [volume, size]);
}

/** Takes back what `shrink` did. Containers keep what they have. */
export async function unshrink(volume: string): Promise<void> {
  await onNode('umount -l "$1"', [volume]);
}

/**
 * Has containers that run see other content in a file of a projected volume, while the kubelet, which would put it right
 * within seconds, is shown a copy of what was there.
 */
export async function whileForged<T>(
  volume: string,
  file: string,
  forge: (content: string) => string,
  work: () => Promise<T>,
): Promise<T> {
  const scratch = (await onNode('mktemp -d /run/forged.XXXXXX', [])).trim();
  const [seen, copy] = [`${scratch}/seen`, `${scratch}/copy`];
  // Private, or what is mounted over the one would be mounted over the other.
  const mounts = 'mount --bind "$1" "$2"; mount --make-private "$2"; mount --bind "$3" "$1"';
  await onNode(`mkdir "$2"; cp -a "$1" "$3"; ${mounts}`, [volume, seen, copy]);
  try {
    const content = await onNode('cat "$1/$2"', [seen, file]);
    await onNode('cat > "$1/$2"', [seen, file], forge(content));
    return await work();
  } finally {
    await onNode('umount -l "$1"; umount -l "$2"; rm -r "$3"', [volume, seen, scratch]);
  }
}
