/**
 * `assess` calls a second and core: the load of the pipeline, in CPU time of a process that has one thread for everything,
 * garbage collection included (several collector threads would wait for each other in CPU time). Activities are as the
 * engine has them, through the codec. And how large the states get, between tasks and with one open.
 */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { decodeActivity, encodeActivity } from '#activity';
import { agentKey } from '#activity/types';
import { assess, type AgentState, type Policy } from '#drift';
import { defaultPolicy } from '#policy';
import { stateCodec } from '#store';
import { figure, quantileFigure, type Figure } from './figures.js';
import { policyWithFiftyRules } from './fifty-rules.js';
import { Load } from './load.js';
import { ROUNDS } from './pipeline.js';

const EVENTS = 200_000;
const AGENTS = 1_000;
/** Folds between two pauses in which the load is made: several times what fills the young generation, so that their own garbage counts. */
const BATCH = 20_000;

const ONE_THREAD = ['--single-threaded-gc', '--expose-gc', '--max-semi-space-size=64', '--import', 'tsx'];

export function benchAssess(): Figure[] {
  const child = execFileSync(process.execPath, [...ONE_THREAD, fileURLToPath(import.meta.url)], {
    encoding: 'utf8',
  });
  return JSON.parse(child) as Figure[];
}

function measure(): Figure[] {
  const { rates, evidence, commands, states } = ratesWith(defaultPolicy());
  const fifty = ratesWith(policyWithFiftyRules());
  return [
    figure('assess_per_second', '1/s', rates),
    figure('assess_with_50_sequences_per_second', '1/s', fifty.rates),
    ...sizes('state', states),
    ...sizes('state_with_50_sequences', fifty.states),
    figure('load_evidence_share', 'ratio', [evidence / EVENTS]),
    figure('load_command_share', 'ratio', [commands / EVENTS]),
  ];
}

/** With the undeclared task that the load leaves open, and the same without it. */
function sizes(name: string, states: AgentState[]): Figure[] {
  const open = states.map((state) => stateCodec.encode(state).length);
  const closed = states.map((state) => stateCodec.encode({ ...state, tasks: [] }).length);
  return [
    quantileFigure(`${name}_between_tasks_p50`, 'bytes', closed, 0.5),
    quantileFigure(`${name}_between_tasks_p95`, 'bytes', closed, 0.95),
    quantileFigure(`${name}_task_open_p50`, 'bytes', open, 0.5),
    quantileFigure(`${name}_task_open_p95`, 'bytes', open, 0.95),
  ];
}

interface Measured {
  rates: number[];
  evidence: number;
  commands: number;
  /** Of all agents, after the last round. */
  states: AgentState[];
}

function ratesWith(policy: Policy): Measured {
  const rates: number[] = [];
  let last: AgentState[] = [];
  let evidence = 0;
  let commands = 0;
  for (let round = 0; round <= ROUNDS; round += 1) {
    const load = new Load({ seed: 7, agents: AGENTS });
    const states = new Map<string, AgentState>();
    evidence = commands = 0;
    let cpuUs = 0;
    for (let done = 0; done < EVENTS; done += BATCH) {
      // Making the load is not timed, nor is clearing away after it, nor moving it on: two rounds of the young generation.
      const activities = Array.from({ length: BATCH }, () => decodeActivity(encodeActivity(load.next())));
      const keys = activities.map(agentKey);
      gc!({ type: 'minor' });
      gc!({ type: 'minor' });
      const started = process.cpuUsage();
      for (let i = 0; i < BATCH; i += 1) {
        const assessed = assess(policy, states.get(keys[i]!) ?? null, activities[i]!);
        states.set(keys[i]!, assessed.state);
        if (assessed.evidence.length > 0) evidence += 1;
        commands += assessed.commands.length;
      }
      const { user, system } = process.cpuUsage(started);
      cpuUs += user + system;
    }
    // The first round warms the compiler up.
    if (round > 0) rates.push(EVENTS / (cpuUs / 1e6));
    last = [...states.values()];
  }
  return { rates, evidence, commands, states: last };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.stdout.write(JSON.stringify(measure()));
