/**
 * Activities of which only what matters is said: all else is as ordinary as it can be. Cases of policies, tests and
 * samples tell their stories with these; what gateways and authorities report they say in full.
 */
import type { ActivityBase, TaskStarted, ToolCall, ToolResult } from './types.js';

/** The first activity that gateway `a` reports of a verified agent of nobody's task. */
export const ORDINARY_BASE: Readonly<ActivityBase> = {
  id: 'a1-1',
  tenant: 'acme',
  agent: 'spiffe://acme.example/agent/report-writer',
  assurance: 'verified',
  principal: 'dana',
  actors: [],
  time: Date.UTC(2026, 0, 5, 9),
  source: 'gateway/a',
  instance: 'a1',
  sequence: 1,
  pending: false,
  task: null,
  conversation: null,
};

/** A read of a catalogued tool that passed without a question. Its call is named like its activity. */
export function ordinaryCall(more: Partial<ToolCall> = {}): ToolCall {
  return {
    ...ORDINARY_BASE,
    type: 'ToolCall',
    callId: more.id ?? ORDINARY_BASE.id,
    method: 'tools/call',
    server: 'files',
    tool: 'read_text_file',
    effect: 'read',
    effectSource: 'catalogue',
    uncatalogued: false,
    dataClasses: [],
    resource: null,
    destination: null,
    facts: [],
    values: [],
    valuesDropped: 0,
    argumentsBytes: 40,
    toolDigest: null,
    decision: 'allowed',
    basis: 'passed',
    reason: '',
    revocation: null,
    policy: '',
    ...more,
  };
}

/** What such a call returned: content of our own without anything in it. */
export function ordinaryResult(more: Partial<ToolResult> = {}): ToolResult {
  return {
    ...ORDINARY_BASE,
    type: 'ToolResult',
    callId: ORDINARY_BASE.id,
    server: 'files',
    tool: 'read_text_file',
    outcome: 'ok',
    trust: 'own',
    dataClasses: [],
    values: [],
    valuesDropped: 0,
    requests: [],
    resultBytes: 400,
    records: 0,
    durationMs: 5,
    ...more,
  };
}

const TASK_TTL_MS = 3_600_000;

/** A task for an hour, of which nothing is known but that somebody declared it. */
export function ordinaryTask(task: string, more: Partial<Omit<TaskStarted, 'task'>> = {}): TaskStarted {
  return {
    ...ORDINARY_BASE,
    type: 'TaskStarted',
    intent: 'Write the quarterly summary.',
    intentValues: [],
    intentEffects: [],
    intentActions: [],
    intentTopics: [],
    intentAuthors: [],
    intentDelegates: false,
    scope: null,
    expiresAt: (more.time ?? ORDINARY_BASE.time) + TASK_TTL_MS,
    parentTask: null,
    kind: null,
    exposure: [],
    ...more,
    task,
  };
}
