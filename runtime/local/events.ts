// What a running platform tells whoever started it. It prints nothing itself.
import type { ObjectRef } from '#api/principal.ts';
import type { Trouble } from './trouble.ts';

export type PlatformEvent =
  | { readonly kind: 'trouble'; readonly trouble: Trouble }
  /** Something in the program that is probably not meant; nothing stops because of it. */
  | { readonly kind: 'warning'; readonly where: string; readonly message: string }
  /** An edit took effect; `changes` is empty where it changed nothing that runs. */
  | { readonly kind: 'applied'; readonly changes: readonly string[] }
  | { readonly kind: 'revoked'; readonly session: ObjectRef }
  /** A process ended by itself and is started again. */
  | { readonly kind: 'restarting'; readonly what: string }
  | { readonly kind: 'running'; readonly what: string };

export type OnEvent = (event: PlatformEvent) => void;
