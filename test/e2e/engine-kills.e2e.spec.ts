import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { setTimeout as sleep } from 'node:timers/promises';
import { check, folded } from './checker.js';
import type { Running } from './cluster.js';
import { canRun, openGround, PARTITIONS, until, type Ground } from './ground.js';
import { Load, seeded } from './load.js';
import { markers } from './reading.js';

const SEED = 20_260_401;
const RANDOM_KILLS = 20;
/** Steps of a batch, and for which time they are passed: the first one and one in the middle of the work. */
const STEPS = ['load:1', 'load:4', 'publish:1', 'publish:4', 'store:1', 'store:4', 'reply:1', 'reply:4'];

describe.skipIf(!canRun(inject('redisServer')))('engines that are killed under load', () => {
  let ground: Ground;
  beforeAll(async () => {
    ground = await openGround();
  });
  afterAll(() => ground?.stop());

  const start = (name: string, env: Record<string, string> = {}): Promise<Running> =>
    ground.cluster.start('engine', name, { engine: { batchEvents: 40 } }, env);

  const foldedSoFar = async (): Promise<number> =>
    (await markers(ground.redis, PARTITIONS)).reduce((sum, offset) => sum + offset, 0);

  async function progress(): Promise<void> {
    const before = await foldedSoFar();
    await until('something more is folded', async () => (await foldedSoFar()) > before);
  }

  it('lose nothing and double nothing', { timeout: 240_000 }, async () => {
    const startedMs = Date.now();
    const random = seeded(SEED);
    const engines = [await start('engine-0'), await start('engine-1')];
    const load = new Load(ground, SEED);
    let done = false;
    const running = load.run(() => done);
    await progress();

    for (const [i, step] of STEPS.entries()) {
      const doomed = await start(`doomed-${i}`, { DRIFTLINE_KILL_AT: step });
      const code = await Promise.race([doomed.exited, sleep(30_000, 'alive' as const)]);
      expect(code, `${step}: ${doomed.output()}`).toBeNull();
    }
    const steppedMs = Date.now();
    const killing = async (which: number): Promise<void> => {
      for (let kill = 0; kill < RANDOM_KILLS / 2; kill += 1) {
        await progress();
        await sleep(random() * 500);
        await engines[which]!.kill();
        engines[which] = await start(`engine-${which}`);
      }
    };
    // Side by side: now and then no engine is left.
    await Promise.all([killing(0), killing(1)]);
    const killedMs = Date.now();
    done = true;
    await running;
    await folded(ground);
    await Promise.all(engines.map((engine) => engine.stop()));

    const checked = await check(ground, load.sent);
    process.stdout.write(
      `engine kills: ${STEPS.length} at steps in ${steppedMs - startedMs} ms, ${RANDOM_KILLS} at random in ` +
        `${killedMs - steppedMs} ms; ${checked.activities} activities, ${checked.agents} agents, ` +
        `${checked.commands} commands, ${checked.deadLetters} dead letters\n`,
    );
    expect(checked.problems).toEqual([]);
    expect(checked.agents).toBeGreaterThan(200);
    expect(checked.activities).toBeGreaterThan(2_000);
    expect(checked.commands).toBeGreaterThan(20);
    expect(checked.deadLetters).toBeGreaterThan(10);
  });
});
