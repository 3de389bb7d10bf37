/** With a real engine behind the log: what was decided is folded, and what a person clears is lifted. */
import { afterEach, describe, expect, it } from 'vitest';
import { ActivityReporter, HttpAuthority, type Decision } from '#access';
import { agentKey, TOPICS, type ToolCall } from '#activity/types';
import { Config } from '#config';
import { startEngine } from '#engine';
import {
  available,
  NARROW,
  openGround,
  quiet,
  strayRead,
  strictPolicy,
  tokenOf,
  toolCall,
} from './harness.js';

const AGENT = 'spiffe://acme.test/agent';
const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

describe.each(available().filter((servers) => servers !== 'redis+kafka'))(
  'authority and engine on %s',
  (servers) => {
    it('asks for a check, is told, and lets work go on; pending is empty once all is folded', async () => {
      const ground = await openGround(servers, strictPolicy());
      closing.push(() => ground.stop());
      const { log, store, policy, tenant } = ground;
      const config = Config.parse({ tenant, engine: { listen: { host: '127.0.0.1', port: 0 } } });
      const engine = await startEngine({ config, log, store, policy, logger: quiet });
      closing.push(() => engine.stop());
      const { authority, url } = await ground.start();
      const clients = (['gateway', 'person'] as const).map(
        (role) => new HttpAuthority({ url, token: tokenOf(role) }),
      );
      const [gateway, person] = clients as [HttpAuthority, HttpAuthority];
      closing.push(() => Promise.all(clients.map((client) => client.close())));
      const sink = {
        append: (records: Parameters<typeof log.append>[1]) => log.append(TOPICS.activity, records),
      };
      const reporter = new ActivityReporter({
        sink,
        partitions: await log.partitions(TOPICS.activity),
        source: 'gateway/test',
      });
      /** As a gateway does: asks, then reports the call with what was said. */
      const make = async (call: ToolCall): Promise<Decision> => {
        const { allowed, basis, reason, revocation, ...rest } = await gateway.decide(call);
        const decision = allowed ? 'allowed' : 'refused';
        await reporter.report({
          ...call,
          decision,
          basis,
          reason,
          revocation,
          pending: true,
          policy: rest.policy,
        });
        return { allowed, basis, reason, revocation, ...rest };
      };
      const key = agentKey({ tenant, agent: AGENT, assurance: 'verified' });
      const partition = `activity/${Number(/^t(\d+)-/.exec((await open()).task)![1])}` as const;

      async function open() {
        const request = { agent: AGENT, principal: 'ada', intent: '', scope: NARROW, ttlMs: 60_000 };
        await expect
          .poll(() => authority.task('t0-nosuchtask').then(() => 'current', String))
          .toBe('current');
        return authority.startTask(request);
      }

      const { task } = await open();
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
