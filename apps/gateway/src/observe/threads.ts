/**
 * A few threads and a bounded queue of large messages before them. The turn goes round the clients, so that who sends
 * many waits for its own. A thread that does not come back, or dies, is replaced: what it was looking at fails.
 */
import { Worker } from 'node:worker_threads';
import type { FingerprinterKey, KnownTool } from '#observation';
import { GatewayError } from '../errors.js';
import {
  LOOK_MAX_MS,
  LOOKS_HEAP_MAX_MIB,
  LOOKS_MAX_CHARS,
  LOOKS_SHARE_MAX_CHARS,
  LOOKS_THREADS_MAX,
} from '../limits.js';
import { CODES } from '../mcp/message.js';
import type { Found, Look } from './look.js';
import type { Done, Work } from './worker.js';

/** Tools that results are read for requests of. `version` changes whenever they do. */
export interface ToolList {
  version: number;
  list: readonly KnownTool[];
}

interface Task {
  share: string;
  look: Look;
  text: string;
  tools: ToolList | null;
  resolve: (found: Found[Look['kind']]) => void;
  reject: (error: Error) => void;
}

/** By default what `limits.ts` says. */
export interface ThreadsOptions {
  threads?: number;
  heapMaxMib?: number;
}

export class Threads {
  private readonly threads: Thread[];
  /** By whose they are; the first is whose turn it is. */
  private readonly waiting = new Map<string, Task[]>();
  private readonly heldChars = new Map<string, number>();
  private allChars = 0;
  private stopped = false;

  constructor(key: FingerprinterKey, options: ThreadsOptions = {}) {
    const { threads = LOOKS_THREADS_MAX, heapMaxMib = LOOKS_HEAP_MAX_MIB } = options;
    this.threads = Array.from({ length: threads }, () => new Thread(key, heapMaxMib, () => this.next()));
  }

  /** `share`: whose room in the queue it takes. Throws `GatewayError` `limit` when there is none, or nothing was found in time. */
  look<L extends Look>(
    share: string,
    look: L,
    text: string,
    tools: ToolList | null,
  ): Promise<Found[L['kind']]> {
    const held = this.heldChars.get(share) ?? 0;
    const full =
      this.allChars + text.length > LOOKS_MAX_CHARS ||
      (held > 0 && held + text.length > LOOKS_SHARE_MAX_CHARS);
    if (full || this.stopped) return Promise.reject(unseen('Too many large messages are being looked at'));
    this.allChars += text.length;
    this.heldChars.set(share, held + text.length);
    const found = new Promise<Found[Look['kind']]>((resolve, reject) => {
      const task = { share, look, text, tools, resolve, reject };
      const own = this.waiting.get(share);
      if (own) own.push(task);
      else this.waiting.set(share, [task]);
    }).finally(() => this.done(share, text.length));
    this.next();
    return found as Promise<Found[L['kind']]>;
  }

  /** What waits and what is under way fails. */
  async stop(): Promise<void> {
    this.stopped = true;
    for (const tasks of this.waiting.values())
      for (const task of tasks) task.reject(unseen('The gateway is stopping'));
    this.waiting.clear();
    await Promise.all(this.threads.map((thread) => thread.stop()));
  }

  private done(share: string, chars: number): void {
    this.allChars -= chars;
    const held = (this.heldChars.get(share) ?? 0) - chars;
    if (held > 0) this.heldChars.set(share, held);
    else this.heldChars.delete(share);
  }

  private next(): void {
    for (const thread of this.threads) {
      if (thread.busy) continue;
      const [share, tasks] = this.waiting.entries().next().value ?? [];
      if (share === undefined) return;
      this.waiting.delete(share);
      const task = tasks!.shift()!;
      if (tasks!.length > 0) this.waiting.set(share, tasks!);
      thread.take(task);
    }
  }
}

/** One thread, started when it is first needed. */
class Thread {
  private worker: Worker | null = null;
  private task: Task | null = null;
  private deadline: NodeJS.Timeout | undefined;
  /** Of the tools it was last given. */
  private tools = -1;

  constructor(
    private readonly key: FingerprinterKey,
    private readonly heapMaxMib: number,
    private readonly free: () => void,
  ) {}

  get busy(): boolean {
    return this.task !== null;
  }

  take(task: Task): void {
    this.task = task;
    this.worker ??= this.start();
    const news = task.tools !== null && task.tools.version !== this.tools ? task.tools : null;
    if (news) this.tools = news.version;
    const work: Work = { look: task.look, text: task.text, tools: news && news.list };
    this.deadline = setTimeout(() => this.lose('took too long'), LOOK_MAX_MS);
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
    this.worker.postMessage(work);
  }

  async stop(): Promise<void> {
    const { worker } = this;
    this.lose('was stopped');
    await worker?.terminate();
  }

  private start(): Worker {
    const worker = new Worker(new URL('./worker.js', import.meta.url), {
      workerData: this.key,
      resourceLimits: { maxOldGenerationSizeMb: this.heapMaxMib },
    });
    this.tools = -1;
    worker.on('message', (done: Done) => {
      if (worker === this.worker) this.answer(done);
    });
    const ended = (why: unknown): void => {
      if (worker === this.worker) this.lose(String(why));
    };
    worker.on('error', ended);
    worker.on('exit', (code) => ended(`ended with code ${code}`));
    // It must not keep a process alive that has nothing else to do.
    worker.unref();
    return worker;
  }

  private answer(done: Done): void {
    const task = this.over();
    if ('found' in done) task?.resolve(done.found);
    else task?.reject(unseen(`A large message could not be looked at: ${done.error}`));
    this.free();
  }

  /** The thread is given up, with what it was looking at. */
  private lose(why: string): void {
    const { worker } = this;
    this.worker = null;
    void worker?.terminate();
    const task = this.over();
    task?.reject(unseen(`A large message could not be looked at: the thread ${why}`));
    this.free();
  }

  private over(): Task | null {
    const { task } = this;
    this.task = null;
    clearTimeout(this.deadline);
    return task;
  }
}

function unseen(message: string): GatewayError {
  return new GatewayError('limit', CODES.internal, message);
}
