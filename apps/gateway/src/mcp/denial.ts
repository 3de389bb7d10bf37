/**
 * How a refusal looks to the client. A well-formed `tools/call` is answered with a tool result (`isError`), so that the
 * model sees why; other requests with a JSON-RPC error outside the range the protocol reserves; a decision that could
 * not be made with -32603. `_meta["dev.driftline/decision"]` (or `error.data`) says the same to programs.
 */
import type { Era } from './revision.js';
import { CODES, type JsonObject, type RequestId } from './message.js';

/** Our own error code: outside -32768..-32000, as the protocol asks of implementations. */
export const REFUSED_CODE = 4403;
export const DECISION_KEY = 'dev.driftline/decision';

export interface Refusal {
  /** Stable code. */
  reason: string;
  explanation: string;
  /** Whether asking again later, or after a context check, makes sense. */
  retryable: boolean;
  revocation: string | null;
  /** Id of the call on the log. */
  call: string;
  /** Nobody could decide: the fail mode closed it. */
  undecided: boolean;
}

export type DenialStyle = 'result' | 'error';

/** The answer to a refused request. */
export function denial(
  id: RequestId,
  method: string,
  era: Era,
  style: DenialStyle,
  refusal: Refusal,
): JsonObject {
  if (refusal.undecided) return rpcError(id, CODES.internal, refusal);
  if (method !== 'tools/call' || style === 'error') return rpcError(id, REFUSED_CODE, refusal);
  const result = {
    ...(era === 'stateless' ? { resultType: 'complete' } : {}),
    content: [{ type: 'text', text: sentence(refusal) }],
    isError: true,
    _meta: { [DECISION_KEY]: details(refusal) },
  };
  return { jsonrpc: '2.0', id, result };
}

/** A refusal that answers no request: a notification-like POST, or a server that waits for the client's answer. */
export function rpcError(id: RequestId | undefined, code: number, refusal: Refusal): JsonObject {
  const error = { code, message: sentence(refusal), data: details(refusal) };
  return { jsonrpc: '2.0', ...(id === undefined ? {} : { id }), error };
}

/** Instead of an answer that nobody here looked at: its call is not, or no longer, one of this gateway's. */
export function unknownAnswer(id: RequestId | null): JsonObject {
  const message = 'This answer belongs to no call that this gateway still follows; make the call again';
  return { jsonrpc: '2.0', id, error: { code: CODES.internal, message } };
}

function sentence(refusal: Refusal): string {
  const what = refusal.undecided
    ? 'This call could not be decided and was not made'
    : 'This call was refused';
  const next = refusal.retryable
    ? 'It may be allowed later, or after a context check.'
    : 'Trying it again will not help.';
  return `${what}: ${refusal.explanation} (${refusal.reason}). ${next}`;
}

function details(refusal: Refusal): JsonObject {
  const { reason, explanation, retryable, revocation, call } = refusal;
  return { decision: 'refused', reason, explanation, retryable, revocation, call };
}
