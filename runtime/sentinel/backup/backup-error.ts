// Why there is no backup, or why one is not restored: what, where, and what to do about it.

export type BackupErrorCode =
  /** There is none of that name, or none at all. */
  | 'backup_unknown'
  /** It is not finished, a file of it is missing or another one than was written. */
  | 'backup_damaged'
  /** It is no backup of a sentinel. */
  | 'backup_foreign'
  /** A newer program or engine wrote it. */
  | 'backup_newer'
  /** There are events where it would be restored to. */
  | 'not_empty'
  /** A restore was killed between taking the old events away and putting the new ones in place. */
  | 'restore_interrupted'
  /** One is being made. */
  | 'backup_running'
  | 'backups_off'
  | 'no_space'
  | 'store_away';

export class BackupError extends Error {
  readonly code: BackupErrorCode;

  constructor(code: BackupErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'BackupError';
    this.code = code;
  }
}
