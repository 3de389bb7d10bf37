/** What was done is on the log: through an outage of the log, through a crash, and by the fail mode where it cannot be. */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Client } from '@modelcontextprotocol/client';
import { AccessError, type Authority } from '#access';
import { TOPICS, type Activity, type ToolCall, type ToolResult } from '#activity/types';
import { faulty } from './faulty-log.js';
import { startWorkshop, type Workshop } from './workshop.js';
import { connect, openWorld, until, type World } from './world.js';

const CHILD = fileURLToPath(new URL('gateway-child.mjs', import.meta.url));
const BUILT = fileURLToPath(new URL('../../dist/apps/gateway/src/index.js', import.meta.url));

const write = (client: Client) => client.callTool({ name: 'write_note', arguments: { note: 'x' } });
const read = (client: Client) => client.callTool({ name: 'read_note', arguments: {} });
const isCall = (activity: Activity): activity is ToolCall => activity.type === 'ToolCall';
const isResult = (activity: Activity): activity is ToolResult => activity.type === 'ToolResult';

describe('durability', () => {
  let workshop: Workshop;
  let world: World;
  const clients: Client[] = [];

  beforeAll(async () => {
    workshop = await startWorkshop();
    world = await openWorld();
  });
  afterEach(async () => {
    for (const client of clients.splice(0)) await client.close();
    workshop.events.length = 0;
  });
  afterAll(async () => {
    await world?.stop();
    await workshop?.stop();
  });

  const open = async (url: string, agent: string): Promise<Client> => {
    const client = await connect(`${url}/mcp/shop`, { headers: { 'x-driftline-agent': agent } });
    clients.push(client);
    return client;
  };
  const settings = () => ({ servers: { shop: { url: workshop.url } } });
  const spooled = (id: string): string[] =>
    readdirSync(join(world.dir, 'spool', id)).filter((name) => name.endsWith('.spool'));

  it.each(['refuse', 'hang'] as const)(
    'spools while the log is away and sends it again in order: %s',
    async (mode) => {
      const log = faulty(world.log, [TOPICS.activity]);
      const id = `spooler-${mode}`;
      const gateway = await world.gateway({ ...settings(), id, decide: 'none' }, { log });
      const client = await open(gateway.url, id);
      await write(client);
      log.mode = mode;
      for (let call = 0; call < 5; call += 1) expect((await write(client)).isError).not.toBe(true);
      expect((await read(client)).isError).not.toBe(true);
      expect(spooled(id).length).toBeGreaterThan(0);
      const away = (await world.activities()).filter(({ agent }) => agent === id);
      expect(away.filter(isCall)).toHaveLength(1);
      log.mode = 'pass';
      // An append that hangs is given up only when its connection is: here it stays lost, like a cut one.
      await until(
        async () =>
          (await world.activities()).filter(({ agent }) => agent === id).filter(isResult).length >= 7,
        'all is on the log',
        20_000,
      );
      const own = (await world.activities()).filter(({ agent }) => agent === id);
      const sequences = own.map(({ sequence }) => sequence);
      expect([...new Set(sequences)]).toEqual(
        [...sequences].sort((a, b) => a - b).filter((each, at, all) => each !== all[at - 1]),
      );
      expect(own.filter(isCall).map(({ tool }) => tool)).toEqual([
        ...Array<string>(6).fill('write_note'),
        'read_note',
      ]);
      await until(() => spooled(id).length === 0, 'the spool is empty');
    },
  );

  it('lets reads pass and nothing else when neither log nor spool takes anything', async () => {
    const log = faulty(world.log, [TOPICS.activity]);
    const gateway = await world.gateway({ ...settings(), id: 'stuck', decide: 'none' }, { log });
    const client = await open(gateway.url, 'stuck');
    const spool = join(world.dir, 'spool', 'stuck');
    log.mode = 'refuse';
    // Where files cannot be made, not even by root: the folder itself is gone.
    rmSync(spool, { recursive: true });
    expect((await read(client)).isError).not.toBe(true);
    const refused = await write(client).catch((error: Error & { code: number; data: unknown }) => error);
    expect(refused).toMatchObject({ code: -32603, data: { reason: 'unavailable-log', retryable: true } });
    expect(workshop.events).toEqual(['read_note']);
    log.mode = 'pass';
  });

  it('follows the fail mode per effect when the authority is away', async () => {
    const away: Authority = new Proxy({} as Authority, {
      get: () => () => Promise.reject(new AccessError('unreachable', 'nobody answers')),
    });
    const strict = await world.gateway({ ...settings(), id: 'strict' }, { authority: away });
    const client = await open(strict.url, 'strict');
    expect((await read(client)).isError).not.toBe(true);
    await expect(write(client)).rejects.toMatchObject({
      code: -32603,
      data: { reason: 'unavailable-authority' },
    });
    const reversed = await world.gateway(
      { ...settings(), id: 'reversed', failMode: { read: 'closed', write: 'open' } },
      { authority: away },
    );
    const other = await open(reversed.url, 'reversed');
    expect((await write(other)).isError).not.toBe(true);
    // The read itself passes without the authority; what it brought must be pended before it is released.
    await expect(read(other)).rejects.toMatchObject({ code: -32603, data: { reason: 'unavailable-pend' } });
    const calls = (await world.activities()).filter(isCall).filter(({ agent }) => agent === 'reversed');
    expect(calls[0]).toMatchObject({ tool: 'write_note', decision: 'allowed', basis: 'fail-mode' });
  });

  it('closes by itself when it cannot confirm its position for the lease, and opens again', async () => {
    const log = faulty(world.log, [TOPICS.enforcements]);
    const gateway = await world.gateway(
      { ...settings(), id: 'leased', leaseMs: 2_500, decide: 'none' },
      { log },
    );
    const client = await open(gateway.url, 'leased');
    expect((await write(client)).isError).not.toBe(true);
    log.mode = 'refuse';
    await until(
      () =>
        write(client).then(
          () => false,
          (error: { data?: { reason?: string } }) => error.data?.reason === 'unavailable-lease',
        ),
      'it closes',
    );
    expect((await read(client)).isError).not.toBe(true);
    log.mode = 'pass';
    await until(
      () =>
        write(client).then(
          () => true,
          () => false,
        ),
      'it opens again',
    );
  });

  it('sends the spool of a killed run and says of its open calls that nobody knows how they ended', async () => {
    expect(existsSync(BUILT), `${BUILT} is missing: the child runs the build (npm run build)`).toBe(true);
    const dir = mkdtempSync(join(tmpdir(), 'driftline-killed-'));
    const child = spawn(process.execPath, [CHILD, dir, workshop.url], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const gone = new Promise((resolve) => child.once('exit', resolve));
    let url = '';
    for await (const line of createInterface({ input: child.stdout })) {
      url = line;
      break;
    }
    const client = await open(url, 'killed');
    // The child's log refuses from the start: the call is in the spool only.
    client.callTool({ name: 'write_slow', arguments: { ms: 60_000 } }).catch(() => undefined);
    await until(() => workshop.events.includes('write_slow started'), 'the call was forwarded');
    child.kill('SIGKILL');
    await gone;
    clients.pop();
    const after = await openWorld({ dataDir: dir });
    try {
      await after.gateway({ ...settings(), id: 'gateway', decide: 'none' });
      await until(async () => (await after.activities()).some(isResult), 'the open call is reported');
      const own = (await after.activities()).filter(({ agent }) => agent === 'killed');
      const call = own.find(isCall)!;
      const result = own.find(isResult)!;
      expect(call).toMatchObject({ tool: 'write_slow', decision: 'allowed', sequence: 1 });
      expect(result).toMatchObject({ callId: call.callId, outcome: 'unknown', sequence: 1 });
      expect(result.instance).not.toBe(call.instance);
    } finally {
      await after.stop();
    }
  });
});
