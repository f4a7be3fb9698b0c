import { describe, expect, it } from '@jest/globals';
import { annotated, WAVES, waveOf } from '#render/gitops/annotations.ts';
import type { Manifest } from '#constructs/kit/manifest.ts';
import { synthesise } from '#render/synthesise.ts';
import { manifestsOf, wholePlatform } from '../programs.ts';

const manifests = manifestsOf(synthesise(wholePlatform('notes')));
const SYNC_OPTIONS = 'argocd.argoproj.io/sync-options';
const WAVE = 'argocd.argoproj.io/sync-wave';

const wavesOf = (matches: (manifest: Manifest) => boolean) => [
  ...new Set(manifests.filter(matches).map(waveOf)),
];
const isKind =
  (...kinds: readonly string[]) =>
  ({ kind }: Manifest) =>
    kinds.includes(kind);
const isIn =
  (namespace: string) =>
  ({ metadata }: Manifest) =>
    metadata.namespace === namespace;

describe('the waves of Argo CD', () => {
  it('begin with namespaces and definitions, then the platform, the sentinel, and servers', () => {
    expect(wavesOf(isKind('Namespace', 'CustomResourceDefinition'))).toEqual([WAVES.foundation]);
    expect(wavesOf(isIn('mcp-runtime'))).toEqual([WAVES.platform]);
    expect(wavesOf(isIn('mcp-sentinel'))).toEqual([WAVES.sentinel]);
    expect(wavesOf(isKind('MCPServer'))).toEqual([WAVES.servers]);
    const { foundation, platform, sentinel, others, servers } = WAVES;
    const order = [foundation, platform, sentinel, others, servers];
    expect(order.toSorted((a, b) => a - b)).toEqual(order);
    expect(new Set(order).size).toBe(order.length);
  });

  it('let no grant and no session wait for a server that does not start', () => {
    expect(wavesOf(isKind('MCPAccessGrant', 'MCPAgentSession'))).toEqual(wavesOf(isKind('MCPServer')));
  });

  it('are on every object that has one of its own', () => {
    for (const manifest of manifests) {
      expect(annotated(manifest).metadata.annotations?.[WAVE]).toBe(String(waveOf(manifest)));
    }
  });

  it('leave what else a program needs between the platform and its servers', () => {
    const manifest = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a', namespace: 'team-a' } };
    expect(waveOf(manifest)).toBe(WAVES.others);
    expect(annotated(manifest)).toEqual(manifest);
  });
});

describe('what is never removed because its file is', () => {
  it('is every definition, every namespace and every claim, for either tool, and nothing else', () => {
    const metadata = { name: 'mcp-sentinel-backups', namespace: 'mcp-sentinel' };
    const claim = { apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata };
    for (const manifest of [...manifests, claim]) {
      const { annotations = {} } = annotated(manifest).metadata;
      const isKept = isKind('Namespace', 'CustomResourceDefinition', 'PersistentVolumeClaim')(manifest);
      expect(annotations[SYNC_OPTIONS]?.split(',').includes('Prune=false') ?? false).toBe(isKept);
      expect(annotations['kustomize.toolkit.fluxcd.io/prune']).toBe(isKept ? 'disabled' : undefined);
    }
  });

  it('is decided by the program where it says so itself', () => {
    const metadata = { name: 'a', annotations: { [SYNC_OPTIONS]: 'Prune=true', note: 'mine' } };
    const { annotations } = annotated({ apiVersion: 'v1', kind: 'Namespace', metadata }).metadata;
    expect(annotations).toMatchObject({ [SYNC_OPTIONS]: 'Prune=true', note: 'mine', [WAVE]: '-3' });
  });
});
