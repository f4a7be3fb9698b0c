// Structured logs: one JSON object a line on standard output. What is secret is left out by name here, and nobody
// may log request bodies, arguments or tokens in the first place.
import pino from 'pino';

export type LogFields = Readonly<Record<string, unknown>>;

/** What a program needs of a logger; pino's is one. Fields come first, the sentence second. */
export interface Log {
  debug(fields: LogFields, message: string): void;
  info(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  error(fields: LogFields, message: string): void;
}

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Field names whose values never reach the log, at the top and one level down. */
const SECRET_FIELDS = ['authorization', 'token', 'apiKey', 'api_key', 'password', 'secret', 'cookie'];

export interface LogOptions {
  /** Name of the program, on every line. */
  readonly program: string;
  /** @default 'info' */
  readonly level?: LogLevel;
  /** Where lines go; standard output by default. */
  readonly destination?: pino.DestinationStream;
}

export function createLog(options: LogOptions): Log {
  const settings: pino.LoggerOptions = {
    level: options.level ?? 'info',
    base: { program: options.program },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    redact: {
      paths: SECRET_FIELDS.flatMap((field) => [field, `*.${field}`]),
      censor: '(hidden)',
    },
    serializers: { error: pino.stdSerializers.err },
  };
  return pino(settings, options.destination ?? pino.destination({ dest: 1, sync: true }));
}

/** A logger that keeps nothing. */
export const silentLog: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};
