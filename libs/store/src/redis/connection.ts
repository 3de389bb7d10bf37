import { setTimeout as sleep } from 'node:timers/promises';
import { Cluster } from 'ioredis';
import type { Logger } from '#telemetry';
import { StoreError } from '../errors.js';
import { BATCH_DEADLINE_MS } from './client.js';
import { toStoreError } from './errors.js';
import type { Client } from './scripts.js';

const SETTLE_STEP_MS = 5;

/**
 * One client and the calls in flight on it. Every call ends: with an answer, at its deadline, or at once when the
 * connection breaks (this version of the library would leave it waiting).
 */
export class Connection {
  readonly #inFlight = new Set<(reason: Error) => void>();
  #lastError: Error | null = null;
  #up = false;
  #closed = false;
  #gathering = false;

  constructor(
    readonly client: Client,
    private readonly logger: Logger | undefined,
  ) {
    client.on('error', (error: Error) => (this.#lastError = error));
    client.on('ready', () => this.#ready());
    client.on('close', () => this.#lost());
  }

  /** Waits for the first connection (in a Cluster: to every primary), at most `limitMs`; none yet is no error. */
  async settle(limitMs: number): Promise<void> {
    const end = Date.now() + limitMs;
    while (!this.#settled() && Date.now() < end) await sleep(SETTLE_STEP_MS);
  }

  #settled(): boolean {
    const { client } = this;
    const nodes = client instanceof Cluster ? client.nodes('master') : [];
    return client.status === 'ready' && nodes.every((node) => node.status === 'ready');
  }

  /** The answer of `send`, or a `StoreError` that says what became of it. `doing` is "a commit", "a view" … */
  async call<T>(doing: string, deadlineMs: number, send: (client: Client) => Promise<T>): Promise<T> {
    if (this.#closed)
      throw new StoreError('DL_STORE_CLOSED', `${doing} in Redis: the store was closed before`);
    try {
      return await this.#bounded(deadlineMs, () => send(this.client));
    } catch (error) {
      throw toStoreError(doing, error, this.#up ? null : this.#lastError);
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    if (this.client.status === 'ready') await this.#quit();
    this.client.disconnect();
  }

  /** Lets what is in flight end first; a server that does not answer is left all the same. */
  async #quit(): Promise<void> {
    try {
      await this.#bounded(BATCH_DEADLINE_MS, () => this.client.quit());
    } catch (error) {
      this.logger?.debug({ error }, 'redis did not answer the goodbye');
    }
  }

  #bounded<T>(deadlineMs: number, send: () => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const end = () => {
        clearTimeout(timer);
        this.#inFlight.delete(fail);
      };
      const fail = (reason: Error) => {
        end();
        reject(reason);
      };
      const timer = setTimeout(() => fail(new Error(`Command timed out after ${deadlineMs} ms`)), deadlineMs);
      this.#inFlight.add(fail);
      this.#gather();
      send().then((value) => {
        end();
        resolve(value);
      }, fail);
    });
  }

  /**
   * Commands of one turn of the event loop leave in one write: a system call costs more than a command. In a Cluster
   * each node has a connection of its own, which writes by itself.
   */
  #gather(): void {
    if (this.#gathering || this.client instanceof Cluster) return;
    const { stream } = this.client;
    if (!stream?.writable) return;
    this.#gathering = true;
    stream.cork();
    setImmediate(() => {
      this.#gathering = false;
      stream.uncork();
    });
  }

  #ready(): void {
    if (!this.#up) this.logger?.info({}, 'connected to redis');
    this.#up = true;
  }

  #lost(): void {
    if (this.#up) this.logger?.warn({ error: this.#lastError }, 'lost the connection to redis, reconnecting');
    this.#up = false;
    for (const fail of this.#inFlight) fail(new Error('Connection is closed'));
  }
}
