/**
 * Which calls were sent to a server and have no recorded result: a small file of lines. After a crash they are reported
 * with `outcome: unknown`. Written before a call is forwarded; a line survives the end of the process, and a power
 * failure once the file was synced (on a timer), which is enough: the call itself is on the log or in the spool.
 */
import {
  closeSync,
  fdatasync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import type { ToolCall } from '#activity/types';
import { JOURNAL_CLOSED_MAX } from '../limits.js';

const SYNC_EVERY_MS = 200;

/** What a result needs to know of its call. */
export type OpenCall = Pick<
  ToolCall,
  | 'callId'
  | 'tenant'
  | 'agent'
  | 'assurance'
  | 'principal'
  | 'actors'
  | 'task'
  | 'conversation'
  | 'server'
  | 'tool'
  | 'time'
>;

export class OpenCalls {
  /** Calls an earlier run left open. */
  readonly left: OpenCall[];
  private readonly path: string;
  private readonly open = new Map<string, OpenCall>();
  private file: number;
  private closed = 0;
  private dirty = false;
  private readonly timer: NodeJS.Timeout;

  constructor(directory: string) {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    this.path = join(directory, 'open-calls');
    this.left = read(this.path);
    for (const call of this.left) this.open.set(call.callId, call);
    this.file = this.rewrite();
    this.timer = setInterval(() => this.sync(), SYNC_EVERY_MS).unref();
  }

  begin(call: OpenCall): void {
    const { callId, tenant, agent, assurance, principal, actors, task, conversation, server, tool, time } =
      call;
    const kept = {
      callId,
      tenant,
      agent,
      assurance,
      principal,
      actors,
      task,
      conversation,
      server,
      tool,
      time,
    };
    this.open.set(callId, kept);
    this.line({ begin: kept });
  }

  /** Its result is durable. */
  end(callId: string): void {
    if (!this.open.delete(callId)) return;
    this.closed += 1;
    if (this.closed < JOURNAL_CLOSED_MAX) {
      this.line({ end: callId });
      return;
    }
    closeSync(this.file);
    this.file = this.rewrite();
  }

  stop(): void {
    clearInterval(this.timer);
    closeSync(this.file);
  }

  private line(entry: object): void {
    writeSync(this.file, `${JSON.stringify(entry)}\n`);
    this.dirty = true;
  }

  private sync(): void {
    if (!this.dirty) return;
    this.dirty = false;
    // A failure shows at the next write; this is only about power failures.
    fdatasync(this.file, () => undefined);
  }

  private rewrite(): number {
    this.closed = 0;
    const lines = [...this.open.values()].map((call) => `${JSON.stringify({ begin: call })}\n`);
    writeFileSync(`${this.path}.new`, lines.join(''), { mode: 0o600 });
    renameSync(`${this.path}.new`, this.path);
    return openSync(this.path, 'a', 0o600);
  }
}

function read(path: string): OpenCall[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return [];
  }
  const open = new Map<string, OpenCall>();
  for (const line of text.split('\n')) {
    const entry = parse(line);
    if (entry?.begin) open.set(entry.begin.callId, entry.begin);
    if (entry?.end) open.delete(entry.end);
  }
  return [...open.values()];
}

/** A line cut by the crash is no entry. */
function parse(line: string): { begin?: OpenCall; end?: string } | null {
  try {
    return JSON.parse(line) as { begin?: OpenCall; end?: string };
  } catch {
    return null;
  }
}
