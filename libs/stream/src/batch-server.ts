import { Inject, Injectable } from '@nestjs/common';
import { Server, type CustomTransportStrategy } from '@nestjs/microservices';
import type { Consumer, ConsumeOptions, Log } from './port.js';

/** Injection tokens of what a `BatchServer` needs. */
export const BATCH_LOG = Symbol('driftline:batch-log');
export const BATCH_ROUTES = Symbol('driftline:batch-routes');
export const BATCH_FATAL = Symbol('driftline:batch-fatal');

/** One topic and the handler that works on its partitions. */
export type BatchRoute = Omit<ConsumeOptions, 'onFatal'>;

/**
 * The log as a NestJS transport: listening = consuming, closing = stopping. It hands whole batches to the injected
 * handlers (`BatchRoute.handler`) and leaves Nest's per-message layer out, which hides the errors of handlers and would
 * make the position move past a batch that failed.
 *
 * `app.close()` closes transports before the shutdown hooks, a signal after `beforeApplicationShutdown`: close log and
 * store in `onApplicationShutdown`, which is last in both.
 */
@Injectable()
export class BatchServer extends Server implements CustomTransportStrategy {
  override readonly transportId = Symbol('driftline:log');
  private consumers: Consumer[] = [];

  constructor(
    @Inject(BATCH_LOG) private readonly log: Log,
    @Inject(BATCH_ROUTES) private readonly routes: readonly BatchRoute[],
    /** Called when a consumer cannot go on by itself: the process should exit non-zero. */
    @Inject(BATCH_FATAL) private readonly onFatal: (error: Error) => void,
  ) {
    super();
  }

  async listen(callback: (error?: unknown) => void): Promise<void> {
    try {
      for (const route of this.routes)
        this.consumers.push(await this.log.consume({ ...route, onFatal: this.onFatal }));
    } catch (error) {
      await this.close();
      return callback(error);
    }
    callback();
  }

  /** Stops fetching, lets running batches end (bounded), leaves the groups. */
  async close(): Promise<void> {
    await Promise.all(this.consumers.splice(0).map((consumer) => consumer.stop()));
  }

  /** There are no transport events: the consumers and `LogEvents` tell. */
  override on(event: string): never {
    throw new Error(
      `The log has no transport event '${event}': use LogEvents, or unwrap() for the consumers.`,
    );
  }

  /** The consumers, in the order of the routes. */
  override unwrap<T = Consumer[]>(): T {
    return this.consumers as T;
  }
}
