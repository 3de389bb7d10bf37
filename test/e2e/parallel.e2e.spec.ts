import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { TaskView } from '#access';
import { check, folded } from './checker.js';
import { canRun, openGround, startServices, type Ground, type Services } from './ground.js';
import { Agent, startNotes, type Notes } from './notes.js';

const CALLS = 50;
const ROUNDS = 3;
/** So light that a few calls outside the scope pass before one is too many. */
const STRAY_WEIGHT = 0.2;

describe.skipIf(!canRun(inject('redisServer')))(
  'parallel calls over two gateways and two authorities',
  () => {
    let ground: Ground;
    let notes: Notes;
    let services: Services;
    beforeAll(async () => {
      notes = await startNotes();
      ground = await openGround({
        policy: ({ detectors }) => {
          detectors['scope']!.weight = STRAY_WEIGHT;
        },
      });
      services = await startServices(ground, () => ({ servers: { notes: { url: notes.url } } }));
    });
    afterAll(async () => {
      await ground?.stop();
      await notes?.stop();
    });

    /** An agent with a narrow task, at both gateways. */
    async function open(name: string): Promise<Agent[]> {
      const agent = `spiffe://parallel.test/${name}`;
      const scope = { resources: ['/inside/**'], effects: ['read', 'write'] };
      const body = { agent, assurance: 'asserted', intent: 'Tidy up.', ttlMs: 600_000, scope };
      const { url } = services.authorities[0]!;
      const { task } = (await ground.ask(url, 'orchestrator', 'POST', '/tasks', body)) as TaskView;
      const headers = { 'x-driftline-agent': agent, 'x-driftline-task': task };
      return Promise.all(services.gateways.map((gateway) => Agent.connect(gateway.url, headers)));
    }

    /** How many of the calls reached the server. */
    async function past(name: string, call: (stray: (n: number) => Promise<unknown>) => Promise<unknown>) {
      const agents = await open(name);
      const note = (n: number) => `/outside/${name}/${n}`;
      await call((n) => agents[n % agents.length]!.call('write_note', { note: note(n) }));
      await Promise.all(agents.map((agent) => agent.close()));
      return notes.written.filter((written) => written.startsWith(`/outside/${name}/`)).length;
    }

    it('get no more past the decision than the same calls in a row', { timeout: 90_000 }, async () => {
      const inRow = await past('in-row', async (stray) => {
        for (let n = 0; n < CALLS; n += 1) await stray(n);
      });
      const atOnce: number[] = [];
      for (let round = 0; round < ROUNDS; round += 1) {
        const strays = Array.from({ length: CALLS }, (_, n) => n);
        atOnce.push(await past(`at-once-${round}`, (stray) => Promise.all(strays.map(stray))));
      }
      process.stdout.write(
        `parallel calls: ${inRow} of ${CALLS} passed in a row, ${atOnce.join(', ')} at once\n`,
      );
      expect(inRow).toBeGreaterThan(1);
      expect(inRow).toBeLessThan(CALLS / 5);
      for (const passed of atOnce) {
        expect(passed).toBeGreaterThan(0);
        expect(passed).toBeLessThanOrEqual(inRow);
      }
      await ground.cluster.stopAll('gateway');
      await folded(ground);
      await ground.cluster.stopAll('engine');
      expect((await check(ground, [], true)).problems).toEqual([]);
    });
  },
);
