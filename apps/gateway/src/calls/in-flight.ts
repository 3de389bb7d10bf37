/** Judged calls between being forwarded and being answered: what a new revocation can still take away. */
import type { Revocation, ToolCall } from '#activity/types';
import type { RevocableCall, RevocationIndex } from '#revocation';
import { unknownAnswer } from '../mcp/denial.js';
import type { JsonObject, ResponseMessage } from '../mcp/message.js';
import { DETACHED_MAX_MS, STOP_WAIT_MS } from '../limits.js';
import type { Watch } from './port.js';

/** How a call that was taken away ended, as far as the server said. */
export type StopOutcome = 'stopped' | 'completed' | 'unknown';

export interface CallEnds {
  /** The response is here: what the client gets instead, or null. Never throws. */
  result(call: CallWatch, response: ResponseMessage, text: string, bytes: number): Promise<JsonObject | null>;
  lost(call: CallWatch, outcome: 'unknown' | 'cancelled'): void;
  /** Returns what the client gets instead of the result. */
  stopRequested(call: CallWatch, revocation: Revocation): JsonObject;
  stopEnded(call: CallWatch, revocation: Revocation, outcome: StopOutcome): void;
  /** Nothing more will be said of it. */
  gone(call: CallWatch): void;
}

export class CallWatch implements Watch {
  readonly whole = false;
  readonly call: ToolCall;
  readonly revocable: RevocableCall;
  readonly startedMs = performance.now();
  private readonly ends: CallEnds;
  /** The client was given the result as it came. */
  wasReleased = false;
  /** Its stream ended before its result, which may still come on another one. */
  wasDetached = false;
  private state: 'open' | 'stopped' | 'over' = 'open';
  private revocation: Revocation | null = null;
  private instead: JsonObject | null = null;
  private listeners: ((answer: JsonObject) => void)[] = [];
  private timer: NodeJS.Timeout | null = null;

  constructor(call: ToolCall, revocable: RevocableCall, ends: CallEnds) {
    this.call = call;
    this.revocable = revocable;
    this.ends = ends;
  }

  /** What the client got, or gets, instead of the result; null where it gets the result. */
  get insteadOfResult(): JsonObject | null {
    return this.instead;
  }

  async settle(response: ResponseMessage, text: string, bytes: number): Promise<JsonObject | null> {
    if (this.state === 'stopped') {
      this.endStop(response.error ? 'stopped' : 'completed');
      return this.instead;
    }
    // Released or given up already: nobody would look at what comes now.
    if (this.state === 'over') return this.instead ?? unknownAnswer(response.id);
    const instead = await this.ends.result(this, response, text, bytes);
    if (this.instead) {
      this.endStop('completed');
      return this.instead;
    }
    this.instead = instead;
    this.wasReleased = instead === null;
    this.over();
    return instead;
  }

  lost(outcome: 'unknown' | 'cancelled'): void {
    if (this.state === 'stopped') this.endStop('unknown');
    if (this.state !== 'open') return;
    this.ends.lost(this, outcome);
    this.over();
  }

  detach(): void {
    if (this.state !== 'open') return;
    this.wasDetached = true;
    this.timer ??= setTimeout(() => this.lost('unknown'), DETACHED_MAX_MS).unref();
  }

  onStop(listener: (answer: JsonObject) => void): void {
    if (this.state === 'stopped' && this.instead) listener(this.instead);
    else this.listeners.push(listener);
  }

  /** A revocation covers it. */
  stop(revocation: Revocation): void {
    if (this.state !== 'open') return;
    this.state = 'stopped';
    this.revocation = revocation;
    this.instead = this.ends.stopRequested(this, revocation);
    if (this.timer) clearTimeout(this.timer);
    this.timer = setTimeout(() => this.endStop('unknown'), STOP_WAIT_MS).unref();
    for (const listener of this.listeners) listener(this.instead);
  }

  private endStop(outcome: StopOutcome): void {
    if (this.state !== 'stopped' || !this.revocation) return;
    this.ends.stopEnded(this, this.revocation, outcome);
    this.over();
  }

  private over(): void {
    this.state = 'over';
    if (this.timer) clearTimeout(this.timer);
    this.ends.gone(this);
  }
}

export class InFlight {
  private readonly calls = new Set<CallWatch>();

  get size(): number {
    return this.calls.size;
  }

  add(call: CallWatch): void {
    this.calls.add(call);
  }

  remove(call: CallWatch): void {
    this.calls.delete(call);
  }

  /** Stops what the index covers now. */
  stopCovered(index: RevocationIndex, nowMs: number): void {
    for (const call of this.calls) {
      const revocation = index.match(call.revocable, nowMs);
      if (revocation) call.stop(revocation);
    }
  }

  /** Resolves when none is left, or after `waitMs`. */
  async drained(waitMs: number): Promise<void> {
    const untilMs = performance.now() + waitMs;
    while (this.calls.size > 0 && performance.now() < untilMs)
      await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
