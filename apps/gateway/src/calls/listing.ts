/** A `tools/list` on its way back: one digest per definition goes on the log, nothing is withheld. */
import { LIMITS } from '#activity/types';
import type { JsonObject, ResponseMessage } from '../mcp/message.js';
import { conversationOf, taskOf } from './claims.js';
import type { Exchange, Watch } from './port.js';
import type { Recorder } from './recorder.js';
import type { ListedTool, ToolBook } from './tool-book.js';

export class ListingWatch implements Watch {
  readonly whole = true;
  private readonly exchange: Exchange;
  private readonly parts: { recorder: Recorder; tools: ToolBook };

  constructor(exchange: Exchange, parts: { recorder: Recorder; tools: ToolBook }) {
    this.exchange = exchange;
    this.parts = parts;
  }

  settle(response: ResponseMessage): Promise<JsonObject | null> {
    const { agent, server } = this.exchange;
    if (response.result) this.report(this.parts.tools.listed(agent.key, server.name, response.result));
    return Promise.resolve(null);
  }

  lost(): void {
    // Nothing was listed, nothing is to be said.
  }

  detach(): void {
    // A listing that comes on another stream is not awaited: the next one tells the same.
  }

  onStop(): void {
    // No revocation takes a listing away.
  }

  private report(listed: ListedTool[]): void {
    const { recorder } = this.parts;
    const { key: _key, ...who } = this.exchange.agent;
    const claim = taskOf(this.exchange);
    const task = 'task' in claim ? claim.task : null;
    const fitting = listed.filter(({ name }) => Buffer.byteLength(name) <= LIMITS.toolBytes);
    for (let at = 0; at < fitting.length; at += LIMITS.listedTools) {
      const base = recorder.reporter.base(
        { ...who, task, conversation: conversationOf(this.exchange) },
        Date.now(),
      );
      const tools = fitting.slice(at, at + LIMITS.listedTools);
      recorder.later({ ...base, type: 'ToolsListed', server: this.exchange.server.name, tools });
    }
  }
}
