/** One stdio server process: lines in, lines out, and a sure end. */
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import type { Logger } from '#telemetry';
import type { ServerEntry } from '../calls/port.js';
import { CHILD_GRACE_MS, LINE_MAX_BYTES } from '../limits.js';
import { toMessage, type JsonObject, type Message } from '../mcp/message.js';

/** What a server may know of our environment; secrets of the gateway are not among it. */
const INHERITED = ['HOME', 'LANG', 'LOGNAME', 'PATH', 'SHELL', 'TERM', 'TMPDIR', 'TZ', 'USER'];
/** Of one stderr line; servers log what they like. */
const STDERR_MAX_CHARS = 2_000;
const LF = 0x0a;

export interface ChildListener {
  /** `text` = the line as it was written, of so many bytes. */
  message(message: Message, text: string, bytes: number): void;
  /** Once, after the last message. */
  exited(reason: string): void;
}

export class Child {
  private readonly process: ChildProcessWithoutNullStreams;
  private readonly listener: ChildListener;
  private readonly logger: Logger;
  private readonly server: string;
  private held: Buffer[] = [];
  private heldBytes = 0;
  private gone: Promise<void>;
  private over = false;

  constructor(entry: ServerEntry, logger: Logger, listener: ChildListener) {
    const { command, args, env, cwd } = entry.config;
    this.listener = listener;
    this.logger = logger;
    this.server = entry.name;
    this.process = spawn(command!, args, { cwd, env: { ...inherited(), ...env }, stdio: 'pipe' });
    this.process.stdout.on('data', (chunk: Buffer) => this.read(chunk));
    this.process.stderr.on('data', (chunk: Buffer) => this.log(chunk));
    // EPIPE when the child is gone: `exit` says so.
    this.process.stdin.on('error', () => undefined);
    this.gone = new Promise((resolve) => {
      this.process.once('error', (error) => this.end(`could not be started: ${error.message}`, resolve));
      this.process.once('close', (code, signal) =>
        this.end(`exited with ${signal ?? `code ${code}`}`, resolve),
      );
    });
  }

  get pid(): number | undefined {
    return this.process.pid;
  }

  send(message: JsonObject): void {
    if (!this.over) this.process.stdin.write(`${JSON.stringify(message)}\n`);
  }

  /** Closes its input, then SIGTERM, then SIGKILL. Resolves when it is gone. */
  async stop(): Promise<void> {
    this.process.stdin.end();
    const term = setTimeout(() => this.process.kill('SIGTERM'), CHILD_GRACE_MS);
    const kill = setTimeout(() => this.process.kill('SIGKILL'), 2 * CHILD_GRACE_MS);
    await this.gone;
    clearTimeout(term);
    clearTimeout(kill);
  }

  private end(reason: string, resolve: () => void): void {
    resolve();
    if (this.over) return;
    this.over = true;
    this.listener.exited(reason);
  }

  private read(chunk: Buffer): void {
    let start = 0;
    for (let end = chunk.indexOf(LF); end !== -1; end = chunk.indexOf(LF, start)) {
      this.held.push(chunk.subarray(start, end));
      start = end + 1;
      const line = this.held.length === 1 ? this.held[0]! : Buffer.concat(this.held);
      this.held = [];
      this.heldBytes = 0;
      this.line(line);
    }
    if (start === chunk.length) return;
    this.held.push(chunk.subarray(start));
    this.heldBytes += chunk.length - start;
    if (this.heldBytes <= LINE_MAX_BYTES) return;
    this.logger.error(
      { server: this.server },
      `a line of the server is longer than ${LINE_MAX_BYTES} bytes; it is stopped`,
    );
    this.process.kill('SIGKILL');
  }

  private line(line: Buffer): void {
    const text = line.toString('utf8').trim();
    if (text === '') return;
    let message: Message | null = null;
    try {
      message = toMessage(JSON.parse(text));
    } catch {
      // Answered below like any other line that is no message.
    }
    if (message) this.listener.message(message, text, line.length);
    else
      this.logger.warn(
        { server: this.server, line: text.slice(0, 200) },
        'the server wrote a line that is no message',
      );
  }

  private log(chunk: Buffer): void {
    const text = chunk.toString('utf8').trim().slice(0, STDERR_MAX_CHARS);
    if (text !== '')
      this.logger.info(
        { server: this.server, pid: this.process.pid, stderr: text },
        'server wrote to stderr',
      );
  }
}

function inherited(): Record<string, string> {
  const env: Record<string, string> = {};
  for (const name of INHERITED) {
    const value = process.env[name];
    if (value !== undefined) env[name] = value;
  }
  return env;
}
