/**
 * What is looked at in one message, and how. Pure, and the same in the gateway's own thread and in another: a message
 * goes there as its text, which is copied at once, where its parsed form would be walked.
 */
import type { Catalogue } from '#drift';
import {
  observeCall,
  observeResult,
  type Fingerprinter,
  type ObservedCall,
  type ObservedResult,
  type SeenCall,
  type SeenResult,
  type ToolIndex,
} from '#observation';
import { isUnambiguous, toMessage, type JsonObject, type Message } from '../mcp/message.js';

/** A client's message: what the log will carry of the call it makes. */
export interface CallLook {
  kind: 'call';
  seen: Omit<SeenCall, 'params'>;
  catalogue: Catalogue;
}
/** A server's response: what the log will carry of the result. */
export interface ResultLook {
  kind: 'result';
  seen: Pick<SeenResult, 'classification' | 'resultBytes'>;
}
/** Whether every reader reads the same in it. */
export interface MembersLook {
  kind: 'members';
}
/** What a server's message is, without what it carries. */
export interface HeadLook {
  kind: 'head';
}
export type Look = CallLook | ResultLook | MembersLook | HeadLook;

/** What each look finds. */
export interface Found {
  call: ObservedCall;
  result: ObservedResult;
  members: boolean;
  /** Null = no JSON-RPC message. */
  head: Message | null;
}

export interface LookContext {
  fingerprinter: Fingerprinter;
  /** For results: tools they may ask for. */
  tools: ToolIndex;
}

/** Looks at the text of one message. Throws where it is none; whoever asks has read it before. */
export function lookAt<L extends Look>(look: L, text: string, context: LookContext): Found[L['kind']] {
  const body: unknown = JSON.parse(text);
  if (look.kind === 'members') return isUnambiguous(text, body) as Found[L['kind']];
  const message = toMessage(body);
  if (look.kind === 'head') return (message && headOf(message)) as Found[L['kind']];
  if (!message) throw new Error('not a JSON-RPC message');
  return lookAtMessage(look, message, context) as Found[L['kind']];
}

/** Of `params`, `result` and `error` only the names of their members. */
function headOf(message: Message): Message {
  if (message.kind !== 'response') return { ...message, params: {}, body: {} };
  const { result, error } = message;
  return { ...message, result: result && namesOf(result), error: error && namesOf(error), body: {} };
}

function namesOf(value: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.keys(value)
      .slice(0, NAMES_MAX)
      .map((name) => [name.slice(0, NAMES_MAX), null]),
  );
}

/** Enough to tell housekeeping from content: one name that is none says so. */
const NAMES_MAX = 64;

/** The same, where the message is parsed already. */
export function lookAtMessage(
  look: CallLook | ResultLook,
  message: Message,
  { fingerprinter, tools }: LookContext,
): ObservedCall | ObservedResult {
  if (look.kind === 'call') {
    const { seen, catalogue } = look;
    return observeCall({ catalogue, fingerprinter }, { ...seen, params: contentOf(message) });
  }
  return observeResult({ fingerprinter, tools }, { ...look.seen, ...resultOf(message) });
}

/** The call without what it is given: which tool it is says whose its results are, and megabytes are not walked for it. */
export function withoutArguments(seen: SeenCall): SeenCall {
  const { name } = (seen.params ?? {}) as JsonObject;
  return { ...seen, params: { name } };
}

/** What a client's message carries to the server. */
export function contentOf(message: Message): JsonObject | null {
  return message.kind === 'response' ? (message.result ?? message.error) : message.params;
}

function resultOf(message: Message): Pick<SeenResult, 'result' | 'error'> {
  if (message.kind !== 'response') return {};
  return message.error ? { error: message.error } : { result: message.result };
}
