// What a node answers to commands, and which of its programs they may name: shared by the box and whoever asks.
import { z } from 'zod';

/** Programs of a node, by the names of their logs. */
export const COMPONENTS = [
  'containerd',
  'kubelet',
  'kube-proxy',
  'coredns',
  'contour',
  'envoy',
  'etcd',
  'kube-apiserver',
  'kube-controller-manager',
  'kube-scheduler',
] as const;

export type Component = (typeof COMPONENTS)[number];

/** What a program that was run in the box came to. */
export const execution = z.object({ code: z.number(), stdout: z.string(), stderr: z.string() });

export type Execution = z.output<typeof execution>;
