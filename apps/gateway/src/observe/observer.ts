/** Looks at messages: small ones at once, large ones in threads of their own, so that nobody else waits for them. */
import {
  classifyCall,
  type Fingerprinter,
  type ObservedCall,
  type ObservedResult,
  type SeenCall,
} from '#observation';
import type { Classification } from '#observation';
import type { Exchange } from '../calls/port.js';
import type { KnownTools } from '../calls/known-tools.js';
import type { ActivePolicy } from '../calls/policies.js';
import { INLINE_MAX_CHARS } from '../limits.js';
import { toMessage, type Message, type ResponseMessage } from '../mcp/message.js';
import type { GatewayMetrics } from '../metrics.js';
import {
  lookAtMessage,
  withoutArguments,
  type CallLook,
  type Found,
  type Look,
  type ResultLook,
} from './look.js';
import { Threads, type ToolList } from './threads.js';

export interface ObserverParts {
  fingerprinter: Fingerprinter;
  policies: ActivePolicy;
  known: KnownTools;
  metrics: GatewayMetrics;
}

export class Observer {
  private readonly parts: ObserverParts;
  private readonly threads: Threads;

  constructor(parts: ObserverParts, threads = new Threads(parts.fingerprinter.secret)) {
    this.parts = parts;
    this.threads = threads;
  }

  /** The fields of a call that follow from its message, of which `text` is the text. Throws `GatewayError` `limit`. */
  async call(exchange: Exchange, seen: SeenCall, text: string): Promise<ObservedCall> {
    const { catalogue } = this.parts.policies.active;
    const { params: _params, ...rest } = seen;
    if (text.length <= INLINE_MAX_CHARS)
      return this.atOnce({ kind: 'call', seen: rest, catalogue }, exchange.message) as ObservedCall;
    // Of the catalogue only what speaks of this call goes to another thread.
    const { entry } = classifyCall({ catalogue }, withoutArguments(seen));
    const part = { ...catalogue, tools: entry === null ? [] : [entry], canaryResources: [] };
    return this.apart(exchange.share, { kind: 'call', seen: rest, catalogue: part }, text, null);
  }

  /** The fields of a result that follow from the response. Throws `GatewayError` `limit`. */
  async result(
    share: string,
    response: ResponseMessage,
    text: string,
    of: { classification: Classification; resultBytes: number },
  ): Promise<ObservedResult> {
    const { classification, resultBytes } = of;
    const { trust, dataClasses } = classification;
    const look: ResultLook = {
      kind: 'result',
      seen: { classification: { trust, dataClasses }, resultBytes },
    };
    if (text.length <= INLINE_MAX_CHARS) return this.atOnce(look, response) as ObservedResult;
    return this.apart(share, look, text, this.parts.known.of(this.parts.policies.active.catalogue));
  }

  /** What a server's message is. Of a large one only its head is read, unless `whole`. Null = none. Throws `GatewayError` `limit`. */
  async read(share: string, text: string, whole: boolean): Promise<Message | null> {
    if (!whole && text.length > INLINE_MAX_CHARS) return this.apart(share, { kind: 'head' }, text, null);
    try {
      return toMessage(JSON.parse(text));
    } catch {
      // No JSON is no message.
      return null;
    }
  }

  /** Whether every reader reads the same in a large message. */
  members(share: string, text: string): Promise<boolean> {
    return this.apart(share, { kind: 'members' }, text, null);
  }

  async stop(): Promise<void> {
    await this.threads.stop();
  }

  private atOnce(look: CallLook | ResultLook, message: Exchange['message']): ObservedCall | ObservedResult {
    const { fingerprinter, known, policies } = this.parts;
    return lookAtMessage(look, message, { fingerprinter, tools: known.of(policies.active.catalogue).index });
  }

  private async apart<L extends Look>(
    share: string,
    look: L,
    text: string,
    tools: ToolList | null,
  ): Promise<Found[L['kind']]> {
    try {
      return await this.threads.look(share, look, text, tools);
    } catch (error) {
      this.parts.metrics.limit('large-messages');
      throw error;
    }
  }
}
