// What went wrong on the local platform, told the same way everywhere: what, where, the evidence, and what to do.
import { PlatformError } from '#api/errors.ts';

export const TROUBLE_CODES = [
  'program_missing',
  'program_failed',
  'program_invalid',
  'program_timeout',
  'already_running',
  'not_running',
  'state_dir_unusable',
  'port_in_use',
  'port_unusable',
  'command_not_found',
  'crash_loop',
  'never_listening',
  'policy_invalid',
  'policy_refused',
  'build_failed',
  'usage',
  'unreachable',
  'session_unknown',
  'session_ambiguous',
  'server_unknown',
  'server_ambiguous',
  'tool_missing',
  'login_refused',
  'image_missing',
  'image_collision',
  'copy_failed',
  'interrupted',
] as const;

export type TroubleCode = (typeof TROUBLE_CODES)[number];

export interface Trouble {
  readonly code: TroubleCode;
  /** One sentence: what happened. */
  readonly what: string;
  /** The place: a file with its line, a port, a server. */
  readonly where: string;
  /** The command or the change that mends it. */
  readonly remedy: string;
  /** Lines of evidence, such as the end of a program's error output. */
  readonly evidence?: readonly string[] | undefined;
}

/** A trouble that ends what was asked for; everything else is reported as a value. */
export class TroubleError extends PlatformError<TroubleCode> {
  readonly trouble: Trouble;

  constructor(trouble: Trouble, options?: ErrorOptions) {
    super(trouble.code, trouble, options);
    this.name = 'TroubleError';
    this.trouble = trouble;
  }
}

/** The lines of a trouble as people read them. */
export function troubleLines(trouble: Trouble): readonly string[] {
  return [
    `error: ${trouble.what}`,
    `  where  ${trouble.where}`,
    ...(trouble.evidence ?? []).map((line) => `       │ ${line}`),
    `  remedy ${trouble.remedy}`,
  ];
}

/** The text of anything that was thrown. Errors are known by their shape: they may come from another realm. */
export function messageOf(error: unknown): string {
  const hasMessage = typeof error === 'object' && error !== null && 'message' in error;
  return hasMessage && typeof error.message === 'string' ? error.message : String(error);
}

/** The `code` of an error of the operating system, `ENOENT`. */
export function errorCode(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}
