/** Servers that fail at the wrong moment: what is answered, and what is left behind. */
import { afterEach, describe, expect, it } from 'vitest';
import { HttpAuthority, type Authority } from '#access';
import { decodeActivity } from '#activity';
import { agentKey, TOPICS } from '#activity/types';
import { openRedisStore, type StateStore } from '#store';
import { LogError, type Log } from '#stream';
import { startProxy } from '../servers/proxy.js';
import { available, openGround, readAll, strictPolicy, tokenOf, toolCall, type Ground } from './harness.js';

const AGENT = 'spiffe://acme.test/agent';
const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

async function open(servers: 'embedded' | 'redis'): Promise<Ground> {
  const ground = await openGround(servers, strictPolicy());
  closing.push(() => ground.stop());
  await ground.keepCurrent();
  return ground;
}

/** The real log, whose appends to these topics fail while the door is shut. */
function behindDoor(log: Log, topics: string[]): { log: Log; shut: boolean } {
  const door = { shut: false, log: Object.create(log) as Log };
  door.log.append = (topic, records) =>
    door.shut && topics.includes(topic)
      ? Promise.reject(new LogError('log-unavailable', 'no leader'))
      : log.append(topic, records);
  return door;
}

async function pendingIds({ store, log, tenant }: Ground): Promise<string[]> {
  const key = agentKey({ tenant, agent: AGENT, assurance: 'verified' });
  const ids: string[] = [];
  for (let p = 0; p < (await log.partitions(TOPICS.activity)); p += 1) {
    ids.push(...(await store.view(`activity/${p}`, key)).pending.map(({ id }) => id));
  }
  return ids;
}

const startTask = (by: Authority) =>
  by.startTask({ agent: AGENT, principal: null, intent: '', scope: null, ttlMs: 60_000 });

describe('the log is away', () => {
  it('a task is not opened, nothing stays pending, and the next attempt is whole', async () => {
    const ground = await open('embedded');
    const door = behindDoor(ground.log, [TOPICS.activity]);
    const { authority, url } = await ground.start({}, { log: door.log });
    const orchestrator = new HttpAuthority({ url, token: tokenOf('orchestrator') });
    closing.push(() => orchestrator.close());
    door.shut = true;
    for (const by of [authority, orchestrator]) {
      await expect(startTask(by)).rejects.toMatchObject({ code: 'unreachable' });
    }
    expect(await pendingIds(ground)).toEqual([]);
    door.shut = false;
    const { task } = await startTask(orchestrator);
    const started = (await readAll(ground.log, TOPICS.activity)).map(({ value }) => decodeActivity(value));
    // The failed attempts burnt their numbers: a gap that is seen, never a number given twice.
    expect(started).toEqual([expect.objectContaining({ task, sequence: 3 })]);
  });

  it('a task that cannot be put on the log as ended is revoked all the same, and said to be not ended', async () => {
    const ground = await open('embedded');
    const door = behindDoor(ground.log, [TOPICS.activity]);
    const { authority } = await ground.start({}, { log: door.log });
    const { task } = await startTask(authority);
    door.shut = true;
    await expect(authority.endTask(task, 'completed', 'ci')).rejects.toMatchObject({ code: 'unreachable' });
    const late = await authority.decide(toolCall(ground.tenant, AGENT, { task }));
    expect(late).toMatchObject({ allowed: false, basis: 'revocation' });
    door.shut = false;
    await authority.endTask(task, 'completed', 'ci');
    expect((await authority.task(task))!.open).toBe(false);
  });

  it('an act that cannot be audited is not answered as done', async () => {
    const ground = await open('embedded');
    const door = behindDoor(ground.log, [TOPICS.audit]);
    const { authority } = await ground.start({}, { log: door.log });
    door.shut = true;
    await expect(startTask(authority)).rejects.toMatchObject({ code: 'unreachable' });
  });
});

describe.runIf(available().includes('redis'))('Redis is away', () => {
  async function proxied(ground: Ground) {
    const proxy = await startProxy({ target: ground.redis! });
    closing.push(() => proxy.stop());
    const nodes = [`127.0.0.1:${proxy.port}`];
    const store: StateStore = await openRedisStore({ nodes, layout: 'standalone', database: 0 });
    closing.push(() => store.close());
    return { proxy, store };
  }

  it('a lost reply leaves the call pending once, and the same call asked again is allowed', async () => {
    const ground = await open('redis');
    const { proxy, store } = await proxied(ground);
    const { authority, stop } = await ground.start({}, { store });
    closing.push(stop);
    const call = toolCall(ground.tenant, AGENT);
    // The view has to get through, the reply to the append not.
    const append = store.appendPending.bind(store);
    store.appendPending = (...all) => {
      proxy.mode('dropReplies');
      return append(...all);
    };
    await expect(authority.decide(call)).rejects.toMatchObject({ code: 'unreachable' });
    store.appendPending = append;
    proxy.mode('pass');
    proxy.mode('cut');
    expect(await pendingIds(ground)).toEqual([call.id]);
    await expect
      .poll(() => authority.decide(call).catch((error: Error) => error), { timeout: 10_000 })
      .toMatchObject({
        allowed: true,
      });
    expect(await pendingIds(ground)).toEqual([call.id]);
  });

  it('answers within its deadline, and again when Redis is back', async () => {
    const ground = await open('redis');
    const { proxy, store } = await proxied(ground);
    const { authority, stop } = await ground.start({}, { store });
    closing.push(stop);
    proxy.mode('refuse');
    const startedAtMs = Date.now();
    await expect(authority.decide(toolCall(ground.tenant, AGENT))).rejects.toMatchObject({
      code: 'unreachable',
    });
    expect(Date.now() - startedAtMs).toBeLessThan(2_500);
    proxy.mode('pass');
    const again = () => authority.decide(toolCall(ground.tenant, AGENT)).catch((error: Error) => error);
    await expect.poll(again, { timeout: 10_000 }).toMatchObject({ allowed: true });
  });
});
