/** What the gateway puts on the log of a call and its result, and which calls it asks about. Pure; replays of recorded work use the same. */
import type { ActivityBase, ToolCall, ToolResult } from '#activity/types';
import { goesOut, type Ask } from '#drift';
import type { ObservedCall, ObservedResult } from '#observation';

/** The call as proposed: nobody has decided yet. `toolDigest`: of the tool's definition as the agent saw it. */
export function reportedCall(
  base: ActivityBase,
  observed: ObservedCall,
  toolDigest: string | null,
): ToolCall {
  return {
    ...base,
    ...observed,
    type: 'ToolCall',
    callId: base.id,
    toolDigest,
    decision: 'allowed',
    basis: 'passed',
    reason: '',
    revocation: null,
    policy: '',
  };
}

/** The end of a call; `observed` absent = nobody saw a result. */
export function reportedResult(base: ActivityBase, call: ToolCall, observed?: ObservedResult): ToolResult {
  const { callId, server, tool } = call;
  const durationMs = Math.max(0, base.time - call.time);
  return { ...base, type: 'ToolResult', callId, server, tool, ...(observed ?? NOTHING_KNOWN), durationMs };
}

/** The fields of a result that nobody saw. */
export const NOTHING_KNOWN: ObservedResult = {
  outcome: 'unknown',
  trust: 'unknown',
  dataClasses: [],
  values: [],
  valuesDropped: 0,
  requests: [],
  resultBytes: 0,
  records: 0,
};

/** Whether the authority is asked before this call is made. */
export function isAsked(ask: Ask, call: ToolCall): boolean {
  if (call.effect === 'unknown' || ask.effects.includes(call.effect)) return true;
  return call.effect === 'read' && ask.readsWithAddress && goesOut(call);
}
