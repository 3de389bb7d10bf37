/** A job done on every core, handed on in the order of the runs, however the work was shared out. Bounded memory. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { workOf, type Done, type JobData } from './jobs.js';
import type { Run } from './runs.js';
import type { Batch, BatchDone } from './worker.js';

const BATCH_RUNS = 8;
/** Batches read ahead per worker: enough that none waits, few enough that memory stays flat. */
const AHEAD = 3;

export interface RunDone<J extends keyof Done> {
  run: Run;
  done: Done[J];
}

/** `workers` 0 = in this thread. Throws what a worker throws. */
export async function* overAll<D extends JobData>(
  runs: AsyncIterable<Run>,
  data: D,
  workers: number,
): AsyncGenerator<RunDone<D['job']>> {
  if (workers === 0) {
    const work = workOf(data);
    for await (const run of runs) yield { run, done: work(run) as Done[D['job']] };
    return;
  }
  const crew = Array.from({ length: workers }, () => new Hand(data));
  try {
    yield* inOrder(batched(runs), crew) as AsyncGenerator<RunDone<D['job']>>;
  } finally {
    await Promise.all(crew.map((hand) => hand.stop()));
  }
}

interface Under {
  runs: Run[];
  batch: Promise<BatchDone>;
}

async function* inOrder(batches: AsyncIterable<Batch>, crew: Hand[]): AsyncGenerator<unknown> {
  const under: Under[] = [];
  for await (const batch of batches) {
    const idlest = crew.reduce((least, hand) => (hand.load < least.load ? hand : least));
    const done = idlest.take(batch);
    // Awaited in order below; one that fails early is not left unheard.
    done.catch(() => undefined);
    under.push({ runs: batch.runs, batch: done });
    if (under.length >= crew.length * AHEAD) yield* finished(under.shift()!);
  }
  for (const one of under) yield* finished(one);
}

async function* finished({ runs, batch }: Under): AsyncGenerator<unknown> {
  const { done } = await batch;
  for (const [at, run] of runs.entries()) yield { run, done: done[at] };
}

async function* batched(runs: AsyncIterable<Run>): AsyncGenerator<Batch> {
  let number = 0;
  let batch: Run[] = [];
  for await (const run of runs) {
    batch.push(run);
    if (batch.length < BATCH_RUNS) continue;
    yield { number: number++, runs: batch };
    batch = [];
  }
  if (batch.length > 0) yield { number, runs: batch };
}

/** One worker thread and what it has to do. */
class Hand {
  private readonly worker: Worker;
  private readonly waiting = new Map<number, (done: BatchDone | Error) => void>();
  private ended: Error | null = null;

  constructor(workerData: JobData) {
    this.worker = new Worker(new URL('./worker.js', import.meta.url), { workerData });
    this.worker.on('message', (done: BatchDone) => this.settle(done.number, done));
    this.worker.on('error', (error) => this.end(error));
    this.worker.on('exit', (code) => this.end(new Error(`a worker ended with code ${code}`)));
  }

  get load(): number {
    return this.waiting.size;
  }

  take(batch: Batch): Promise<BatchDone> {
    return new Promise((resolve, reject) => {
      if (this.ended) return void reject(this.ended);
      this.waiting.set(batch.number, (done) => (done instanceof Error ? reject(done) : resolve(done)));
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
      this.worker.postMessage(batch);
    });
  }

  async stop(): Promise<void> {
    if (this.ended) return;
    const exit = once(this.worker, 'exit');
    await this.worker.terminate();
    await exit;
  }

  private settle(number: number, done: BatchDone | Error): void {
    const settle = this.waiting.get(number);
    this.waiting.delete(number);
    settle?.(done);
  }

  private end(error: Error): void {
    this.ended ??= error;
    for (const number of this.waiting.keys()) this.settle(number, this.ended);
  }
}
