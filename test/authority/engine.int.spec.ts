/** With a real engine behind the log: what was decided is folded, and what a person clears is lifted. */
import { afterEach, describe, expect, it } from 'vitest';
import { agentKey } from '#activity/types';
import { available, NARROW, strayRead, strictPolicy, toolCall } from './harness.js';
import { openWhole } from './whole.js';

const AGENT = 'spiffe://acme.test/agent';
const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

describe.each(available().filter((servers) => servers !== 'redis+kafka'))(
  'authority and engine on %s',
  (servers) => {
    it('asks for a check, is told, and lets work go on; pending is empty once all is folded', async () => {
      const whole = await openWhole(servers, strictPolicy());
      closing.push(() => whole.stop());
      const { store, tenant, authority, person, engine, make } = whole;
      const key = agentKey({ tenant, agent: AGENT, assurance: 'verified' });
      const request = { agent: AGENT, principal: 'ada', intent: '', scope: NARROW, ttlMs: 60_000 };
      const { task } = await authority.startTask(request);
      const partition = `activity/${Number(/^t(\d+)-/.exec(task)![1])}` as const;
      let refused = await make(toolCall(tenant, AGENT, { task }));
      for (let n = 0; refused.allowed && n < 20; n += 1)
        refused = await make(strayRead(tenant, AGENT, task, n));
      expect(refused).toMatchObject({ allowed: false, response: 'context-check', basis: 'assessed' });
      const pending = async () => (await store.view(partition, key)).pending.map(({ id }) => id);
      // The refused call counts from its refusal on: nothing of this task is made, drifting or not.
      expect(await make(toolCall(tenant, AGENT, { task }))).toMatchObject({
        allowed: false,
        reason: 'context-check',
        revocation: refused.revocation,
      });
      await expect.poll(pending).toEqual([]);

      const { evidence } = (await person.task(task))!;
      expect(evidence.length).toBeGreaterThan(1);
      const keys = evidence.map((piece) => piece.key);
      await person.contextCheck(task, { outcome: 'passed', by: 'grace', reason: 'fine', evidence: keys });
      const work = async () => (await make(toolCall(tenant, AGENT, { task }))).allowed;
      await expect.poll(work).toBe(true);

      await authority.endTask(task, 'completed', 'ci');
      expect((await make(toolCall(tenant, AGENT, { task }))).allowed).toBe(false);
      await expect.poll(pending).toEqual([]);
      expect((await person.task(task))!.open).toBe(false);
      expect(engine.halted()).toEqual([]);
    });
  },
);
