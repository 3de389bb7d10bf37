/**
 * What the shipped policy does to recorded agent runs: honest ones interrupted, hijacked ones stopped. Each run is a
 * fresh agent in an implicit task, its calls 3 s apart, seen as a gateway would see them; every call is folded as if it
 * were allowed, and the first one that would have been refused is noted.
 *
 * After `npm run build`: `DRIFTLINE_RUNS=runs.jsonl.gz DRIFTLINE_TOOLS=tools.json npx tsx test/bench/benign-runs.ts`
 */
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { gunzipSync } from 'node:zlib';
import type { ActivityBase, Effect, ToolCall, ToolResult, Trust } from '#activity/types';
import { assess, judge, type AgentState, type CatalogueEntry, type Policy } from '#drift';
import {
  classifyCall,
  deriveTenantKey,
  Fingerprinter,
  observeCall,
  observeResult,
  type ObserveContext,
} from '#observation';
import { defaultPolicy } from '#policy';

const STEP_MS = 3_000;
const START_MS = Date.UTC(2026, 0, 5, 9);

interface Run {
  id: string;
  suite: string;
  label: 'benign' | 'attacked' | 'hijacked' | 'partial';
  harmAt: number | null;
  calls: { tool: string; args: unknown; result: string | null; error: string | null }[];
}

type Tools = Record<string, Record<string, { effect: Effect; output: Trust; dataClasses: string[] }>>;

export interface RunOutcome {
  run: Run;
  /** Index of the first call that would have been refused, with why; null = none. */
  refusedAt: number | null;
  reason: string;
  /** Highest prospective risk of any call. */
  risk: number;
}

/** The shipped policy with the operator's catalogue of these tools; servers are named after their suite. */
export function policyFor(tools: Tools): Policy {
  const shipped = defaultPolicy();
  const entries = Object.entries(tools).flatMap(([server, list]) =>
    Object.entries(list).map<CatalogueEntry>(([tool, { effect, output, dataClasses }]) => {
      const plain = { resource: null, destination: null, facts: [], canary: false };
      return { server, tool, effect, trust: output, dataClasses, ...plain };
    }),
  );
  return { ...shipped, catalogue: { ...shipped.catalogue, tools: [...shipped.catalogue.tools, ...entries] } };
}

export function play(policy: Policy, run: Run): RunOutcome {
  const fingerprinter = new Fingerprinter(deriveTenantKey(Buffer.alloc(32, 7), 'bench', 1));
  const context: ObserveContext = { catalogue: policy.catalogue, fingerprinter };
  const outcome: RunOutcome = { run, refusedAt: null, reason: '', risk: 0 };
  let state: AgentState | null = null;
  let sequence = 0;
  const base = (at: number): ActivityBase => ({
    id: `${run.id}-${++sequence}`.slice(-128),
    tenant: 'bench',
    agent: `spiffe://bench.example/${run.suite}`,
    assurance: 'verified',
    principal: 'user',
    actors: [],
    time: START_MS + at * STEP_MS,
    source: 'gateway/bench',
    instance: 'bench',
    sequence,
    pending: false,
    task: null,
    conversation: 'run',
  });
  run.calls.forEach(({ tool, args, result, error }, at) => {
    const seen = {
      method: 'tools/call',
      server: run.suite,
      trusted: false,
      params: { name: tool, arguments: args },
    };
    const callId = `${at}`;
    const call: ToolCall = {
      ...base(at),
      type: 'ToolCall',
      callId,
      ...observeCall(context, seen),
      toolDigest: null,
      decision: 'allowed',
      basis: 'passed',
      reason: '',
      revocation: null,
      policy: policy.digest,
    };
    const verdict = judge(policy, state, [], call);
    outcome.risk = Math.max(outcome.risk, verdict.assessment.risk);
    if (!verdict.allowed && outcome.refusedAt === null) {
      outcome.refusedAt = at;
      outcome.reason = verdict.assessment.findings[0]?.explanation ?? verdict.explanation;
    }
    state = assess(policy, state, call).state;
    const body = { content: [{ type: 'text', text: result ?? error ?? '' }], isError: error !== null };
    const classification = classifyCall(context, seen);
    const answered: ToolResult = {
      ...base(at + 0.5),
      type: 'ToolResult',
      callId,
      server: run.suite,
      tool,
      ...observeResult(context, { classification, result: body }),
      durationMs: 5,
    };
    state = assess(policy, state, answered).state;
  });
  return outcome;
}

export function readRuns(path: string): Run[] {
  const bytes = readFileSync(path);
  const text = (path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Run);
}

function share(part: number, whole: number): string {
  return whole === 0 ? '–' : `${((100 * part) / whole).toFixed(1)} % (${part} of ${whole})`;
}

function report(outcomes: RunOutcome[]): string[] {
  const groups = [...new Set(outcomes.map(({ run }) => run.suite)), 'all'];
  return groups.map((suite) => {
    const of = (label: Run['label']) =>
      outcomes.filter(({ run }) => run.label === label && (suite === 'all' || run.suite === suite));
    const interrupted = (list: RunOutcome[]) => list.filter(({ refusedAt }) => refusedAt !== null).length;
    const stopped = of('hijacked').filter(
      ({ refusedAt, run }) => refusedAt !== null && run.harmAt !== null && refusedAt <= run.harmAt,
    ).length;
    const columns = [
      `benign interrupted ${share(interrupted(of('benign')), of('benign').length)}`,
      `attacked but honest ${share(interrupted(of('attacked')), of('attacked').length)}`,
      `hijacks stopped in time ${share(stopped, of('hijacked').length)}`,
    ];
    return `${suite.padEnd(20)} ${columns.join(' · ')}`;
  });
}

function main(): void {
  const { DRIFTLINE_RUNS: runs, DRIFTLINE_TOOLS: tools } = process.env;
  if (!runs || !tools)
    throw new Error('set DRIFTLINE_RUNS and DRIFTLINE_TOOLS to the recorded runs and their tools');
  const policy = policyFor(JSON.parse(readFileSync(tools, 'utf8')) as Tools);
  const outcomes = readRuns(runs).map((run) => play(policy, run));
  process.stdout.write(`${report(outcomes).join('\n')}\n`);
  for (const { run, refusedAt, reason } of outcomes) {
    if (process.env['VERBOSE'] && run.label === 'benign' && refusedAt !== null) {
      process.stdout.write(`${run.id} at ${refusedAt}: ${reason}\n`);
    }
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) main();
