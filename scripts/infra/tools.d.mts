export interface ServerProcess {
  pid: number;
  started: string;
}
export const CACHE_DIR: string;
export function say(line: string): void;
export function sleep(ms: number): Promise<void>;
export function which(program: string): string;
export function freePort(): Promise<number>;
export function answers(host: string, port: number, timeoutMs?: number): Promise<boolean>;
export function isAlive(server: ServerProcess): boolean;
export function stopServer(
  server: ServerProcess,
  options?: { graceMs?: number; signal?: NodeJS.Signals },
): Promise<void>;
export function reapOrphans(): Promise<void>;
export function startServer(
  program: string,
  args: string[],
  options: { cwd: string; logFile: string; keep?: boolean; env?: NodeJS.ProcessEnv },
): ServerProcess;
export function waitFor(
  what: string,
  check: () => boolean | Promise<boolean>,
  timeoutMs: number,
  alive?: () => boolean,
): Promise<void>;
