import { pino, type DestinationStream, type Level } from 'pino';
import type { Logger } from './port.js';
import { redact, redactText } from './redact.js';

export type LogLevel = Level | 'silent';

export interface LoggerOptions {
  /** Name of the service, in every line. */
  service: string;
  level?: LogLevel;
  /** Standard error unless given: standard output belongs to what a command prints. */
  destination?: DestinationStream;
}

const STDERR = 2;

/** A logger that writes one JSON object a line, without secrets. Errors belong in the field `error`. */
export function createLogger(options: LoggerOptions): Logger {
  const { service, level = 'info' } = options;
  const settings = { level, base: { service }, timestamp: pino.stdTimeFunctions.isoTime };
  // Synchronous, so that the last words of a process that ends are not lost; lines are few by rule.
  const log = pino(settings, options.destination ?? pino.destination({ dest: STDERR, sync: true }));
  const at = (level: Level) => (fields: object, message: string) => {
    if (log.isLevelEnabled(level)) log[level](redact(fields), redactText(message));
  };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}
