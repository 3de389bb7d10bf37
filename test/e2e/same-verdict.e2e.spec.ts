import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { evaluationRequest, type EvaluationResponse, type TaskView } from '#access';
import { encodeActivity } from '#activity';
import { agentKey, TOPICS, type ToolCall } from '#activity/types';
import { evidenceOfTask, riskOf } from '#drift';
import { stateCodec } from '#store';
import { check, folded } from './checker.js';
import type { Running } from './cluster.js';
import { canRun, openGround, PARTITIONS, until, type Ground } from './ground.js';
import { Load, type Sent } from './load.js';
import { markers, readTopic, storedStates } from './reading.js';

const COMMAND = fileURLToPath(new URL('../../bin/driftline.js', import.meta.url));
const SEEDS = [11, 12, 13];
/** In the run of this seed an engine is killed and started again. */
const RESTARTED_SEED = 12;
const AGENTS = 16;
const STEPS = 8;

/** A call as the authority judged it before it ran. */
interface Judged {
  call: ToolCall;
  decision: EvaluationResponse['context'] & { allowed: boolean };
  /** Of the call's task in Redis once the call was folded; null where the call names none. */
  liveRisk: number | null;
}

/** A line of `driftline replay --json`. */
interface ReplayLine {
  id: string;
  risk: number;
  level: string;
  duplicate: boolean;
  evidence: string[];
  commands: { type: 'revoke' | 'lift' | 'alert'; id: string }[];
}

describe.skipIf(!canRun(inject('redisServer')))(
  'live = prospective = replayed, through the real parts',
  () => {
    let ground: Ground;
    let engines: Running[];
    let authorities: Running[];
    beforeAll(async () => {
      ground = await openGround();
      const { cluster } = ground;
      engines = [await cluster.start('engine', 'engine-0'), await cluster.start('engine', 'engine-1')];
      authorities = [
        await cluster.start('authority', 'authority-0'),
        await cluster.start('authority', 'authority-1'),
      ];
    });
    afterAll(() => ground?.stop());

    const judged: Judged[] = [];

    async function declare(agent: string): Promise<string> {
      const scope = {
        effects: ['read', 'write'],
        resources: ['/scratch/1*'],
        dataClasses: ['internal', 'pii'],
      };
      const body = { agent, intent: 'Sort the scratch files.', ttlMs: 600_000, scope };
      const { url } = authorities[0]!;
      return ((await ground.ask(url, 'orchestrator', 'POST', '/tasks', body)) as TaskView).task;
    }

    async function decide(call: ToolCall, authority: number): Promise<Judged['decision']> {
      const body = evaluationRequest(call, encodeActivity(call));
      const { url } = authorities[authority]!;
      // While an engine is replaced, state is not current and nobody is told anything.
      return until('a decision', async () => {
        const answer = await ground.ask(url, 'gateway', 'POST', '/access/v1/evaluation', body);
        const { decision, context } = answer as EvaluationResponse;
        return { ...context, allowed: decision };
      });
    }

    async function liveRisk(call: ToolCall): Promise<number | null> {
      if (call.task === null) return null;
      const bytes = (await storedStates(ground.redis, PARTITIONS)).get(agentKey(call))!;
      const state = stateCodec.decode(Buffer.from(bytes, 'hex'));
      return riskOf(ground.policy, evidenceOfTask(state.evidence, call.task, false), state.clockMs);
    }

    async function foldedTo({ partition, offset }: Sent): Promise<void> {
      const isThere = async () => (await markers(ground.redis, PARTITIONS))[partition]! >= offset;
      await until('it is folded', isThere);
    }

    /** One agent's work: each call is judged first, then made whatever was said, then folded. Results come in between. */
    async function work(load: Load, agent: string, index: number): Promise<void> {
      const task = index % 2 === 0 ? await declare(agent) : null;
      for (let step = 0; step < STEPS; step += 1) {
        const proposed = load.proposal(agent, task);
        const decision = await decide(proposed, (index + step) % authorities.length);
        const call = { ...load.numbered(proposed), pending: true, policy: ground.policy.digest };
        await foldedTo(await load.log(call));
        judged.push({ call, decision, liveRisk: await liveRisk(call) });
        await foldedTo(await load.log(load.resultOf(call)));
      }
    }

    async function driftline(...args: string[]): Promise<void> {
      const config = join(ground.cluster.dir, 'engine-0.yaml');
      const child = spawn(process.execPath, [COMMAND, ...args, '--config', config], {
        stdio: ['ignore', 'ignore', 'inherit'],
      });
      expect((await once(child, 'exit'))[0]).toBe(0);
    }

    async function replayed(): Promise<ReplayLine[]> {
      const [recording, verdicts] = ['recording.jsonl', 'verdicts.jsonl'].map((name) =>
        join(ground.cluster.dir, name),
      );
      await driftline('record', recording!);
      await driftline('replay', recording!, '--json', verdicts!);
      const lines = readFileSync(verdicts!, 'utf8').trim().split('\n');
      return lines.map((line) => JSON.parse(line) as ReplayLine);
    }

    it.each(SEEDS)(
      'random activity, seed %i: is judged beforehand and folded',
      { timeout: 90_000 },
      async (seed) => {
        const load = new Load(ground, seed);
        const agents = Array.from({ length: AGENTS }, (_, i) =>
          work(load, `spiffe://same.test/${seed}-${i}`, i),
        );
        if (seed === RESTARTED_SEED) {
          await sleep(300);
          await engines[0]!.kill();
          engines[0] = await ground.cluster.start('engine', 'engine-0');
        }
        await Promise.all(agents);
        expect(judged.length).toBeGreaterThanOrEqual(AGENTS * STEPS);
      },
    );

    it('and the recording says the same of every call: risk to the last bit, evidence and commands', async () => {
      await folded(ground);
      await ground.cluster.stopAll('engine');
      const lines = await replayed();
      const byId = new Map(lines.filter(({ duplicate }) => !duplicate).map((line) => [line.id, line]));
      // What the topic already revoked is answered without an assessment.
      const assessed = judged.filter(({ decision }) => decision.basis === 'assessed');
      const wrong = assessed.filter(({ call, decision, liveRisk: live }) => {
        const line = byId.get(call.id)!;
        const sameKeys = decision.allowed
          ? keysOf(decision.evidence) === line.evidence.toSorted().join()
          : line.commands.some(({ id }) => id === decision.revocation) || line.commands.length === 0;
        const sameRisk = decision.risk === line.risk && (live === null || live === line.risk);
        return !(sameRisk && decision.level === line.level && sameKeys);
      });
      const risky = assessed.filter(({ decision }) => decision.risk > 0);
      process.stdout.write(
        `same verdict: ${judged.length} calls, ${assessed.length} assessed beforehand, ${risky.length} with risk, ` +
          `${assessed.filter(({ decision }) => !decision.allowed).length} refused\n`,
      );
      expect(
        wrong.map(({ call, decision, liveRisk: live }) => [call.id, decision, live, byId.get(call.id)]),
      ).toEqual([]);
      expect(assessed.length).toBeGreaterThan(judged.length / 2);
      expect(risky.length).toBeGreaterThan(50);
      const idsOf = async (topic: string) =>
        new Set((await readTopic(ground.kafka, topic)).map(({ key }) => key));
      const commands = lines.flatMap((line) => line.commands);
      const ids = (type: string, prefix = '') =>
        new Set(commands.filter((one) => one.type === type).map(({ id }) => prefix + id));
      expect(await idsOf(TOPICS.revocations)).toEqual(new Set([...ids('revoke'), ...ids('lift', 'lift:')]));
      expect(await idsOf(TOPICS.alerts)).toEqual(ids('alert'));
      expect((await check(ground, [], true)).problems).toEqual([]);
    });
  },
);

function keysOf(evidence: { key: string }[]): string {
  return evidence
    .map(({ key }) => key)
    .sort()
    .join();
}
