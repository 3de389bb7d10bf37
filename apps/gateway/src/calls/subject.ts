/** Which client messages are judged, and as what. */
import type { SeenCall } from '#observation';
import type { Message, RequestMessage, ResponseMessage } from '../mcp/message.js';
import { contentOf } from '../observe/look.js';
import type { Exchange } from './port.js';
import type { ToolBook } from './tool-book.js';

/**
 * The protocol's own housekeeping: neither reads nor changes anything of the server's world. What carries text of the
 * agent's own to the server (a completion, a subscription) is none: it could carry anything.
 */
const HOUSEKEEPING = new Set([
  'initialize',
  'ping',
  'server/discover',
  'subscriptions/listen',
  'tools/list',
  'prompts/list',
  'resources/list',
  'resources/templates/list',
  'logging/setLevel',
]);

/** What this message does, null when nothing that is judged. A method that nobody knows may do anything, and is. */
export function subjectOf(exchange: Exchange, tools: ToolBook): SeenCall | null {
  const { message } = exchange;
  if (message.kind === 'response') return ofAnswer(message, exchange);
  if (message.kind === 'notification' || HOUSEKEEPING.has(message.method)) return null;
  const { method, params } = message;
  const { name: server, config } = exchange.server;
  const seen = { method, server, trusted: config.trusted, params };
  if (method !== 'tools/call') return seen;
  // A call without a name is the server's to refuse.
  return typeof params.name === 'string'
    ? { ...seen, definition: tools.definition(server, params.name) }
    : null;
}

/** `tools/list` answers are looked at, not judged. */
export function isListing(message: Message): message is RequestMessage {
  return message.kind === 'request' && message.method === 'tools/list';
}

/** The client's answer to a request of the server: data that leaves. An empty one (`ping`) carries nothing. */
function ofAnswer(message: ResponseMessage, { server, session }: Exchange): SeenCall | null {
  const content = contentOf(message);
  if (!content || Object.keys(content).length === 0) return null;
  const answers = message.id === null ? undefined : session?.awaited.get(String(message.id));
  return {
    method: 'response',
    server: server.name,
    trusted: server.config.trusted,
    params: content,
    answers,
  };
}
