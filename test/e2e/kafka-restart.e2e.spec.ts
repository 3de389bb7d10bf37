import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { check, folded } from './checker.js';
import { canRun, openGround, startServices, until, type Ground, type Services } from './ground.js';
import { Load } from './load.js';
import { Agent, startNotes, type Notes } from './notes.js';

const SEED = 20_260_403;
const AWAY_MS = 3_000;
/** From the broker's first answer on. */
const BACK_WITHIN_MS = 5_000;

describe.skipIf(!canRun(inject('redisServer')))('a Kafka that is killed and comes back', () => {
  let ground: Ground;
  let notes: Notes;
  let services: Services;
  beforeAll(async () => {
    notes = await startNotes();
    ground = await openGround();
    services = await startServices(ground, () => ({ servers: { notes: { url: notes.url } } }));
  });
  afterAll(async () => {
    await ground?.stop();
    await notes?.stop();
  });

  const connect = (name: string): Promise<Agent[]> =>
    Promise.all(
      services.gateways.map(({ url }) =>
        Agent.connect(url, { 'x-driftline-agent': `spiffe://load.test/${name}` }),
      ),
    );
  const write = (agent: Agent) => agent.call('write_note', { note: `note-${Date.now()}` });
  const allRefuse = async (agents: Agent[]): Promise<boolean> =>
    (await Promise.all(agents.map(write))).every(({ refused }) => refused);

  it(
    'is worked with again within 5 s, and nothing is lost or doubled',
    { timeout: 150_000 },
    async ({ onTestFailed }) => {
      onTestFailed(() => void process.stderr.write(ground.cluster.tails()));
      const load = new Load(ground, SEED, 100);
      let done = false;
      const running = load.run(() => done);
      const [honest, drifting] = [await connect('honest'), await connect('drifting')];
      for (const agent of [...honest, ...drifting]) await write(agent);

      await until('there is load', () => load.sent.length > 200);
      await ground.kafkaServer.kill();
      await sleep(AWAY_MS);
      await ground.kafkaServer.restart();
      const backMs = Date.now();
      const since = () => Date.now() - backMs;
      const enforced = (async () => {
        await load.bait('spiffe://load.test/drifting');
        const sentMs = since();
        await until('both gateways refuse', () => allRefuse(drifting), 30_000);
        return { sentMs, enforcedMs: since() };
      })();
      const working = until(
        'calls pass again at both gateways',
        async () => (await Promise.all(honest.map(write))).every(({ refused }) => !refused),
        30_000,
      ).then(since);
      const [{ sentMs, enforcedMs }, workingMs] = await Promise.all([enforced, working]);
      process.stdout.write(
        `kafka restart: after its return an activity was on the log after ${sentMs} ms, folded and its revocation ` +
          `enforced at both gateways after ${enforcedMs} ms, other calls passed after ${workingMs} ms\n`,
      );
      done = true;
      await running;
      for (const agent of [...honest, ...drifting]) await agent.close();
      await ground.cluster.stopAll('gateway');
      await folded(ground);
      await ground.cluster.stopAll('engine');
      const checked = await check(ground, load.sent, true);
      expect(checked.problems).toEqual([]);
      expect(checked.activities).toBeGreaterThan(200);
      expect(enforcedMs).toBeLessThan(BACK_WITHIN_MS);
      expect(workingMs).toBeLessThan(BACK_WITHIN_MS);
    },
  );
});
