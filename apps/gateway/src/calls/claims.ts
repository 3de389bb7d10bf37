/** What a client claims about a call: its task and its conversation. Claims separate, they never excuse. */
import { LIMITS } from '#activity/types';
import { metaOf, type Message } from '../mcp/message.js';
import type { Exchange } from './port.js';

export const TASK_KEY = 'dev.driftline/task';
const TRACE_PARENT = /^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}/;

export type TaskClaim = { task: string | null } | { unreadable: string };

/** Header `x-driftline-task` or `_meta["dev.driftline/task"]`; both must agree. */
export function taskOf(exchange: Exchange): TaskClaim {
  const header = exchange.headers['x-driftline-task'];
  const meta = metaOf(exchange.message)[TASK_KEY];
  if (meta !== undefined && typeof meta !== 'string')
    return { unreadable: `_meta["${TASK_KEY}"] is not a string` };
  if (typeof header === 'string' && meta !== undefined && header !== meta) {
    return { unreadable: 'the task in the header is not the task in _meta' };
  }
  const task = typeof header === 'string' ? header : (meta ?? null);
  if (task === null) return { task };
  if (task === '' || Buffer.byteLength(task) > LIMITS.idBytes)
    return { unreadable: `a task id has 1 to ${LIMITS.idBytes} bytes` };
  return { task };
}

/** The MCP session, or the trace where there is none. */
export function conversationOf({ session, headers, message }: Exchange): string | null {
  if (session) return session.conversation;
  const trace = traceOf(headers.traceparent) ?? traceOf(metaOf(message as Message).traceparent);
  return trace === null ? null : `trace/${trace}`;
}

function traceOf(traceparent: unknown): string | null {
  return typeof traceparent === 'string' ? (TRACE_PARENT.exec(traceparent)?.[1] ?? null) : null;
}
