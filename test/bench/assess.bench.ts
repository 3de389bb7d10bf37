/**
 * How many `assess` calls a second one core does: calls and results of agents with a history and an open task, in
 * turn. Counted in CPU time of this process, so that other work on the machine does not show.
 */
import type { Activity, ActivityBase, ToolCall, ToolResult } from '#activity/types';
import { assess, type AgentState, type Policy } from '#drift';

const TOOLS = [
  'read_text_file',
  'list_directory',
  'search_files',
  'get_file_info',
  'write_file',
  'edit_file',
];
const START_MS = Date.UTC(2026, 0, 5, 9);
const STEP_MS = 3_000;
/** Activities that are dated and numbered anew and used again, so that the bench itself makes no garbage. */
const PATTERN = 60;

export interface AssessLoad {
  agents: number;
  perAgent: number;
  /** Calls in a declared task with a scope, or in implicit ones. */
  declared: boolean;
  /** Every second activity is a result. */
  results: boolean;
}

/** `assess` calls per second of CPU time. */
export function assessPerSecond(policy: Policy, load: AssessLoad): number {
  const pattern = Array.from({ length: PATTERN }, (_, i) => anActivity(i, load));
  const states: (AgentState | null)[] = Array.from({ length: load.agents }, () =>
    load.declared ? assess(policy, null, aTask(base(load))).state : null,
  );
  const started = process.cpuUsage();
  for (let i = 0; i < load.perAgent; i++) {
    const activity = pattern[i % PATTERN] as ToolCall | ToolResult;
    activity.time = START_MS + STEP_MS * i;
    activity.sequence = i + 2;
    for (let agent = 0; agent < load.agents; agent++) {
      states[agent] = assess(policy, states[agent] as AgentState | null, activity).state;
    }
  }
  const { user, system } = process.cpuUsage(started);
  return (load.agents * load.perAgent) / ((user + system) / 1e6);
}

function base(load: AssessLoad): ActivityBase {
  return {
    id: 'gateway-a-1',
    tenant: 'acme',
    agent: 'spiffe://acme.example/agent/report-writer',
    assurance: 'verified',
    principal: 'dana',
    actors: [],
    time: START_MS,
    source: 'gateway/a',
    instance: 'gateway-a-5f2c',
    sequence: 1,
    pending: false,
    task: load.declared ? 't3-0d9a5b' : null,
    conversation: load.declared ? null : 'b5f5dbd2-6f4f-4d9e-b0d2-2a5a6f4c1e11',
  };
}

function aTask(of: ActivityBase): Activity {
  const scope = {
    tools: null,
    effects: ['read', 'write'],
    resources: ['/data/**'],
    destinations: null,
    dataClasses: null,
  };
  const expiresAt = START_MS + 7 * 24 * 3_600_000;
  const rest = { intent: 'Write the summary.', intentValues: [], expiresAt, parentTask: null };
  return { ...of, ...rest, type: 'TaskStarted', task: of.task as string, scope: scope as never };
}

function anActivity(i: number, load: AssessLoad): ToolCall | ToolResult {
  const tool = TOOLS[(i * 7) % TOOLS.length] as string;
  const of = { ...base(load), id: `gateway-a-${i + 2}`, server: 'files', tool, callId: `call-${i}` };
  if (load.results && i % 2 === 1) {
    const dataClasses = i % 5 === 0 ? ['internal', 'pii'] : ['internal'];
    const sizes = { values: [], valuesDropped: 0, resultBytes: 900, records: 0, durationMs: 4 };
    return { ...of, ...sizes, type: 'ToolResult', outcome: 'ok', trust: 'unknown', dataClasses };
  }
  return {
    ...of,
    type: 'ToolCall',
    method: 'tools/call',
    effect: /write|edit/.test(tool) ? 'write' : 'read',
    effectSource: 'catalogue',
    uncatalogued: false,
    dataClasses: ['internal'],
    resource: `/data/reports/q${i}.md`,
    destination: null,
    facts: [],
    values: [],
    valuesDropped: 0,
    argumentsBytes: 120,
    toolDigest: null,
    decision: 'allowed',
    basis: 'passed',
    reason: '',
    revocation: null,
    policy: '',
  };
}
