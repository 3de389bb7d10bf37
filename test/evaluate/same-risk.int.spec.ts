import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Activity, Scope, TaskStarted, ToolCall, ToolResult } from '#activity/types';
import { Replay, type RecordedActivity } from '#engine';
import type { Policy } from '#policy';
import { Ground, agentOf, renamed } from '../../apps/driftline/src/evaluate/ground.js';
import { play } from '../../apps/driftline/src/evaluate/play.js';
import { Recording, underScope } from '../../apps/driftline/src/evaluate/recording.js';
import type { Script } from '../../apps/driftline/src/evaluate/script.js';
import { surveyOf } from '../../apps/driftline/src/evaluate/survey.js';
import { readRuns, type Run } from '../../apps/driftline/src/evaluate/runs.js';
import { allRuns, RUNS, TOOLS } from './fixture.js';
import { openLive, type Live } from './live.js';

/** A run as it went live: what the log says of it. */
interface Lived {
  run: Run;
  started: TaskStarted;
  calls: ToolCall[];
  results: ToolResult[];
}

const runs = await allRuns();
const ground = new Ground({ toolsPath: TOOLS, survey: await surveyOf(readRuns([RUNS])), learned: null });
let compared = 0;

describe.each([...new Set(runs.map(({ suite }) => suite))])(
  'runs through the real gateway, log and authority: %s',
  (suite) => {
    const own = runs.filter((run) => run.suite === suite);
    const policy = observing(ground.operatorsPolicy({ suite }));
    let live: Live;
    let records: RecordedActivity[];
    const lived: Lived[] = [];

    beforeAll(async () => {
      live = await openLive(policy, suite, ground.toolNamesOf(own[0]!));
      const tasks: string[] = [];
      for (const run of own) tasks.push(await work(run));
      records = await live.log();
      for (const [at, run] of own.entries()) lived.push(asLived(run, tasks[at]!, records));
    });
    afterAll(() => live?.stop());

    async function work(run: Run): Promise<string> {
      const agent = agentOf(run, run.id);
      const { intent } = run;
      const scope = scopeOf(run);
      const request = { agent, principal: null, intent, scope, ttlMs: 600_000 };
      const { task } = await live.authority.startTask(request);
      for (const call of run.calls) await live.call(agent, task, call);
      await live.authority.endTask(task, 'completed', 'test');
      return task;
    }

    /** What `evaluate` makes of the run at the times at which it went live. */
    function evaluated({ run, started, calls, results }: Lived): { activities: Activity[]; risk: number[] } {
      const script: Script = {
        startMs: started.time,
        steps: run.calls.map((call, index) => ({
          call,
          index,
          atMs: calls[index]!.time - started.time,
          answeredMs: results[index]!.time - started.time,
        })),
        restartAfter: null,
      };
      const activities = underScope(new Recording(ground, run).activitiesOf(script), scopeOf(run));
      return { activities, risk: play(policy, script, activities).inline.map(({ risk }) => risk) };
    }

    it('are all on the log, call for call, as evaluate sees them', () => {
      expect(lived.map(({ calls }) => calls.length)).toEqual(own.map(({ calls }) => calls.length));
      for (const one of lived) {
        const { activities } = evaluated(one);
        const kind = (type: Activity['type']) => activities.filter((activity) => activity.type === type);
        expect(kind('TaskStarted').map(seen)).toEqual([seen(one.started)]);
        expect(kind('ToolCall').map(seen)).toEqual(one.calls.map(seen));
        expect(kind('ToolResult').map(seen)).toEqual(one.results.map(seen));
      }
    });

    it('have the same risk to the last bit: as the authority decided, as the engine folds, as evaluate says', () => {
      const replay = new Replay({ policy, pinned: true, maxSkewMs: 300_000 });
      const folded = new Map<string, number>();
      for (const record of records) {
        const verdict = replay.fold(record);
        if (verdict !== null) folded.set(record.activity.id, verdict.assessment.risk);
      }
      for (const one of lived) {
        const { risk } = evaluated(one);
        expect(one.calls.map(({ id }) => folded.get(id))).toEqual(risk);
        const asked = one.calls.flatMap(({ id }, at) => (live.judged.has(id) ? [{ id, at }] : []));
        expect(asked.map(({ id }) => live.judged.get(id))).toEqual(asked.map(({ at }) => risk[at]));
        compared += risk.filter((value) => value > 0).length;
      }
      expect(live.judged.size).toBeGreaterThan(0);
    });
  },
);

it('some of these calls were risky', () => {
  expect(runs).toHaveLength(10);
  expect(compared).toBeGreaterThan(3);
});

/** Everything happens but the enforcement, so that work goes on as it was recorded. */
function observing(policy: Policy): Policy {
  const responses = policy.responses.map((rule) => ({ ...rule, mode: 'observe' as const }));
  return renamed({ ...policy, responses });
}

function scopeOf({ plannedTools: tools }: Run): Scope | null {
  if (tools === null) return null;
  return { tools, effects: null, resources: null, destinations: null, dataClasses: null, estimated: true };
}

function asLived(run: Run, task: string, records: readonly RecordedActivity[]): Lived {
  const own = records.map(({ activity }) => activity).filter((activity) => activity.task === task);
  const of = <T extends Activity['type']>(type: T) =>
    own.filter((activity): activity is Extract<Activity, { type: T }> => activity.type === type);
  const [started] = of('TaskStarted');
  return { run, started: started!, calls: of('ToolCall'), results: of('ToolResult') };
}

/** Without what differs between any two reports of the same thing: names, numbers, times, who decided. */
function seen(activity: Activity): Partial<Activity> {
  const {
    id: _id,
    agent: _agent,
    source: _source,
    instance: _instance,
    sequence: _sequence,
    ...rest
  } = activity;
  const { task: _task, pending: _pending, principal: _principal, ...said } = rest;
  const accidental = ['callId', 'policy', 'basis', 'expiresAt'];
  return Object.fromEntries(Object.entries(said).filter(([name]) => !accidental.includes(name)));
}
