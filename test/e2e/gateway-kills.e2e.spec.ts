import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { agentKey, TOPICS, type Activity, type ToolCall, type ToolResult } from '#activity/types';
import { freePort } from '../../scripts/infra/tools.mjs';
import { check, decoded, folded } from './checker.js';
import type { Running } from './cluster.js';
import { canRun, openGround, startServices, until, type Ground, type Services } from './ground.js';
import { seeded } from './load.js';
import { Agent, startNotes, type Notes } from './notes.js';
import { readTopic } from './reading.js';

const SEED = 20_260_402;
const KILLS = 20;
const CLIENTS = 6;

describe.skipIf(!canRun(inject('redisServer')))('gateways that are killed while clients call', () => {
  let ground: Ground;
  let notes: Notes;
  let services: Services;
  let settings: (index: number) => Record<string, unknown>;

  beforeAll(async () => {
    notes = await startNotes();
    ground = await openGround();
    const ports = [await freePort(), await freePort()];
    settings = (i) => ({
      listen: { host: '127.0.0.1', port: ports[i]! },
      servers: { notes: { url: notes.url } },
    });
    services = await startServices(ground, settings);
  });
  afterAll(async () => {
    await ground?.stop();
    await notes?.stop();
  });

  /** Calls one after the other at one gateway, connecting again whenever it was killed. Counts what was answered. */
  async function client(index: number, done: () => boolean): Promise<number> {
    const [random, url] = [seeded(SEED + index), services.gateways[index % 2]!.url];
    let agent: Agent | null = null;
    let answered = 0;
    for (let call = 0; !done(); call += 1) {
      const [tool, note] = [random() < 0.3 ? 'read_note' : 'write_note', `note-${index}-${call}`];
      try {
        agent ??= await Agent.connect(url, { 'x-driftline-agent': `client-${index}` });
        agent.timeoutMs = 1_000;
        if (!(await agent.call(tool, { note })).refused) answered += 1;
      } catch {
        // Killed under it: nobody knows how the call ended, which is what this test is about.
        await agent?.close().catch(() => undefined);
        agent = null;
        await sleep(50);
      }
    }
    await agent?.close().catch(() => undefined);
    return answered;
  }

  async function restarted(index: number): Promise<Running> {
    const { authorities, gateways } = services;
    const gateway = { authorityUrl: authorities[index]!.url, ...settings(index) };
    gateways[index] = await ground.cluster.start('gateway', `gateway-${index}`, { gateway });
    return gateways[index]!;
  }

  it('put every call that arrived on the log exactly once, with an end', { timeout: 180_000 }, async () => {
    const random = seeded(SEED);
    let done = false;
    const clients = Array.from({ length: CLIENTS }, (_, index) => client(index, () => done));
    const killing = async (which: number): Promise<void> => {
      for (let kill = 0; kill < KILLS / 2; kill += 1) {
        const before = notes.written.length;
        await until('calls arrive', () => notes.written.length > before + 20);
        await sleep(random() * 300);
        await services.gateways[which]!.kill();
        await restarted(which);
      }
    };
    await Promise.all([killing(0), killing(1)]);
    done = true;
    const answered = (await Promise.all(clients)).reduce((sum, count) => sum + count, 0);
    await Promise.all(services.gateways.map((gateway) => gateway.stop()));
    await folded(ground);
    await Promise.all(services.engines.map((engine) => engine.stop()));

    const found = byId((await readTopic(ground.kafka, TOPICS.activity)).map(({ value }) => decoded(value)));
    const calls = found.filter((one): one is ToolCall => one.type === 'ToolCall' && one.effect !== 'read');
    const results = found.filter((one): one is ToolResult => one.type === 'ToolResult');
    const unknown = results.filter(({ outcome }) => outcome === 'unknown').length;
    process.stdout.write(
      `gateway kills: ${KILLS}; ${answered} calls answered, ${notes.written.length} writes arrived, ` +
        `${calls.length} on the log, ${unknown} with an unknown end\n`,
    );
    expect(notes.written.length).toBeGreaterThan(150);
    expect(new Set(notes.written).size, 'a call reached the server twice').toBe(notes.written.length);
    const allowed = calls.filter(({ decision }) => decision === 'allowed');
    expect(wrongly(notes.written, allowed)).toEqual([]);
    const ended = new Set(results.map(({ callId }) => callId));
    expect(allowed.filter(({ callId }) => !ended.has(callId)).map(({ id }) => id)).toEqual([]);
    expect(misnumbered(found)).toEqual([]);
    expect((await check(ground, [], true)).problems).toEqual([]);
  });
});

/** Repeated ids dropped: a retry of what was already on the log is no second activity. */
function byId(activities: (Activity | null)[]): Activity[] {
  return [...new Map(activities.map((one) => [one!.id, one!])).values()];
}

/** Notes that arrived and are not the resource of exactly one allowed call. */
function wrongly(written: string[], allowed: ToolCall[]): string[] {
  const times = new Map<string, number>();
  for (const { resource } of allowed) times.set(resource!, (times.get(resource!) ?? 0) + 1);
  return written.filter((note) => times.get(note) !== 1);
}

/** Agents and instances whose numbers are not 1, 2, 3 … each once. */
function misnumbered(activities: Activity[]): string[] {
  const numbers = new Map<string, number[]>();
  for (const one of activities.filter(({ agent }) => agent !== '')) {
    const name = `${agentKey(one)} ${one.instance}`;
    numbers.set(name, [...(numbers.get(name) ?? []), one.sequence]);
  }
  return [...numbers]
    .filter(([, list]) => list.toSorted((a, b) => a - b).some((number, i) => number !== i + 1))
    .map(([name, list]) => `${name}: ${list.join(',')}`);
}
