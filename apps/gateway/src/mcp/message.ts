/** JSON-RPC messages as the gateway reads them: enough to judge, never to rebuild. */
import { GatewayError } from '../errors.js';
import { repeatsMember } from './members.js';

export type JsonObject = { [member: string]: unknown };
export type RequestId = string | number;

export interface RequestMessage {
  kind: 'request';
  id: RequestId;
  method: string;
  params: JsonObject;
  body: JsonObject;
}
export interface NotificationMessage {
  kind: 'notification';
  method: string;
  params: JsonObject;
  body: JsonObject;
}
export interface ResponseMessage {
  kind: 'response';
  /** Null where the sender could not tell which request failed. */
  id: RequestId | null;
  result: JsonObject | null;
  error: JsonObject | null;
  body: JsonObject;
}
export type Message = RequestMessage | NotificationMessage | ResponseMessage;

/** Standard JSON-RPC codes and the ones MCP 2026-07-28 defines. */
export const CODES = {
  parse: -32700,
  invalidRequest: -32600,
  methodNotFound: -32601,
  invalidParams: -32602,
  internal: -32603,
  headerMismatch: -32020,
} as const;

/** Statuses a 2026-07-28 server answers protocol errors with; everything else is 200. */
export const ERROR_STATUS: Readonly<Record<number, number>> = {
  [-32700]: 400,
  [-32600]: 400,
  [-32601]: 404,
  [-32020]: 400,
  [-32021]: 400,
  [-32022]: 400,
};

/**
 * Reads one client message. Throws `GatewayError` (`unreadable`) for anything that two readers could read
 * differently: what is judged here must be what the server runs.
 */
export function readMessage(text: string): Message {
  const message = parseMessage(text);
  if (!isUnambiguous(text, message.body)) throw ambiguous();
  return message;
}

/** The same without the look through the whole text: before anything is done with it, `isUnambiguous` has to hold. */
export function parseMessage(text: string): Message {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    throw new GatewayError('unreadable', CODES.parse, 'Parse error: the body is not JSON');
  }
  if (Array.isArray(body)) {
    throw new GatewayError(
      'unreadable',
      CODES.invalidRequest,
      'Invalid request: one message per POST, no batches',
    );
  }
  const message = toMessage(body);
  if (!message)
    throw new GatewayError('unreadable', CODES.invalidRequest, 'Invalid request: not a JSON-RPC 2.0 message');
  const odd = oddity(message);
  if (odd) throw new GatewayError('unreadable', CODES.invalidRequest, `Invalid request: ${odd}`);
  return message;
}

/** What JavaScript wrote itself cannot repeat a member; anybody else's text is looked through. */
export function isUnambiguous(text: string, body: unknown): boolean {
  return text === JSON.stringify(body) || !repeatsMember(text);
}

export function ambiguous(): GatewayError {
  return new GatewayError(
    'unreadable',
    CODES.invalidRequest,
    'Invalid request: a member name is repeated, too deep or odd',
  );
}

/** Why one server could take the message for something else than another does; null when none could. */
function oddity({ kind, body }: Message): string | null {
  const forms = [body.method, body.result, body.error].filter((form) => form !== undefined && form !== null);
  if (forms.length > 1) return 'a message is a request, a result or an error, not several of them';
  // A server that does not mind a missing id would run it, and nobody would have looked.
  if (kind === 'notification' && !String(body.method).startsWith('notifications/'))
    return `method '${String(body.method).slice(0, 100)}' needs an id: only notifications/* go without`;
  return null;
}

/** A parsed JSON value as a message, null when it is none. */
export function toMessage(value: unknown): Message | null {
  if (!isObject(value) || value.jsonrpc !== '2.0') return null;
  if (typeof value.method === 'string') {
    const params = isObject(value.params) ? value.params : {};
    if (value.params !== undefined && !isObject(value.params)) return null;
    if (value.id === undefined) return { kind: 'notification', method: value.method, params, body: value };
    if (!isId(value.id)) return null;
    return { kind: 'request', id: value.id, method: value.method, params, body: value };
  }
  if (value.method !== undefined) return null;
  return toResponse(value);
}

function toResponse(value: JsonObject): ResponseMessage | null {
  const { id, result, error } = value;
  if (!isId(id) && id !== null && id !== undefined) return null;
  if (isObject(error)) return { kind: 'response', id: id ?? null, result: null, error, body: value };
  if (result === undefined) return null;
  return {
    kind: 'response',
    id: id ?? null,
    result: isObject(result) ? result : { value: result },
    error: null,
    body: value,
  };
}

/** The message's `_meta`, empty when it has none. */
export function metaOf(message: Message): JsonObject {
  const holder = message.kind === 'response' ? message.result : message.params;
  return holder && isObject(holder._meta) ? holder._meta : {};
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isId(value: unknown): value is RequestId {
  return typeof value === 'string' || (typeof value === 'number' && Number.isFinite(value));
}
