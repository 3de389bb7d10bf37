/** A revocation reaches every gateway, later calls are refused as MCP prescribes, calls in flight are taken away. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Client } from '@modelcontextprotocol/client';
import { encodeLift, liftKey } from '#activity';
import {
  TOPICS,
  type Enforcement,
  type GatewayReport,
  type ToolCall,
  type ToolResult,
} from '#activity/types';
import type { RunningGateway } from '#gateway';
import { startWorkshop, type Workshop } from './workshop.js';
import { connect, openWorld, until, type World } from './world.js';

type Era = 'session' | 'stateless';
const key = (agent: string): string => `default|asserted/${agent}`;

describe('enforcement', () => {
  let workshop: Workshop;
  let world: World;
  let gateways: RunningGateway[];
  const clients: Client[] = [];

  beforeAll(async () => {
    workshop = await startWorkshop();
    world = await openWorld();
    const servers = { shop: { url: workshop.url } };
    gateways = [await world.gateway({ id: 'one', servers }), await world.gateway({ id: 'two', servers })];
  });
  afterEach(async () => {
    for (const client of clients.splice(0)) await client.close();
    workshop.events.length = 0;
  });
  afterAll(async () => {
    await world?.stop();
    await workshop?.stop();
  });

  const open = async (agent: string, era: Era, gateway = gateways[0]!): Promise<Client> => {
    const client = await connect(`${gateway.url}/mcp/shop`, { era, headers: { 'x-driftline-agent': agent } });
    clients.push(client);
    return client;
  };
  const enforcements = async (revocation: string): Promise<Enforcement[]> =>
    (await world.reports()).filter(
      (report: GatewayReport): report is Enforcement =>
        report.type === 'Enforcement' && report.revocation === revocation,
    );
  const write = (client: Client) => client.callTool({ name: 'write_note', arguments: { note: 'x' } });

  it.each(['session', 'stateless'] as const)(
    'refuses at both gateways within milliseconds, with proof: %s',
    async (era) => {
      const agent = `drifter-${era}`;
      const both = await Promise.all(gateways.map((gateway) => open(agent, era, gateway)));
      for (const client of both) expect((await write(client)).isError).not.toBe(true);
      const started = performance.now();
      const revocation = await world.revoke({
        agent: key(agent),
        retryable: true,
        reason: 'it reads what it should not',
      });
      const latenciesMs = await Promise.all(
        both.map(async (client) => {
          await until(async () => (await write(client)).isError === true, 'the gateway refuses', 2_000);
          return performance.now() - started;
        }),
      );
      expect(Math.max(...latenciesMs)).toBeLessThan(1_000);
      const refused = await write(both[0]!);
      expect(refused.content).toMatchObject([
        { type: 'text', text: expect.stringContaining('it reads what it should not') as string },
      ]);
      expect(refused._meta?.['dev.driftline/decision']).toMatchObject({
        decision: 'refused',
        reason: 'revoked',
        revocation: revocation.id,
        retryable: true,
      });
      await until(
        async () =>
          (await enforcements(revocation.id)).filter(({ outcome }) => outcome === 'applied').length === 2,
        'receipts',
      );
      const of = (await enforcements(revocation.id))
        .map(({ gateway, instance }) => `${gateway} ${instance}`)
        .sort();
      expect(of).toEqual(gateways.map(({ instance }, index) => `${['one', 'two'][index]} ${instance}`));
      await until(
        () =>
          world.engine.containment()?.some((each) => each.revocation === revocation.id && each.contained) ===
          true,
        'it is contained',
      );
      const last = async () =>
        (await world.activities())
          .filter(
            (activity): activity is ToolCall => activity.type === 'ToolCall' && activity.agent === agent,
          )
          .findLast(({ decision }) => decision === 'refused');
      await until(async () => (await last()) !== undefined, 'the refused call is on the log');
      expect(await last()).toMatchObject({
        basis: 'revocation',
        revocation: revocation.id,
        reason: 'revoked',
      });
    },
  );

  it('answers other requests with an error outside the reserved range', async () => {
    const client = await open('prompter', 'stateless');
    const revocation = await world.revoke({ agent: key('prompter') });
    const read = () =>
      client.readResource({ uri: 'test://static-text' }).then(
        () => null,
        (error: Error & { code: number; data: unknown }) => error,
      );
    await until(async () => (await read()) !== null, 'resources are refused');
    const error = (await read())!;
    expect(error.code).toBe(4403);
    expect(error.data).toMatchObject({ revocation: revocation.id, retryable: false });
  });

  it('takes away only what the revocation names, and gives it back when it is lifted', async () => {
    const client = await open('lifted', 'session');
    const revocation = await world.revoke({ agent: key('lifted'), effects: ['write'], response: 'restrict' });
    await until(async () => (await write(client)).isError === true, 'writes are refused');
    expect((await client.callTool({ name: 'read_note', arguments: {} })).isError).not.toBe(true);
    const lift = {
      revocation: revocation.id,
      tenant: 'default',
      by: 'jo',
      reason: 'fine',
      at: Date.now(),
      cause: '',
    };
    await world.log.append(TOPICS.revocations, [
      { key: liftKey(revocation.id), value: encodeLift(lift), partition: 0 },
    ]);
    await until(async () => (await write(client)).isError !== true, 'writes pass again');
    await until(
      async () => (await enforcements(revocation.id)).some(({ outcome }) => outcome === 'lifted'),
      'a receipt of the lift',
    );
  });

  it.each(['session', 'stateless'] as const)(
    'takes a call in flight away and asks the server to stop: %s',
    async (era) => {
      const agent = `running-${era}`;
      const client = await open(agent, era);
      const call = client.callTool({ name: 'write_slow', arguments: { ms: 8_000 } });
      await until(() => workshop.events.includes('write_slow started'), 'the call runs');
      const started = performance.now();
      const revocation = await world.revoke({ agent: key(agent) });
      const answer = await call;
      expect(performance.now() - started).toBeLessThan(1_000);
      expect(answer.isError).toBe(true);
      expect(answer._meta?.['dev.driftline/decision']).toMatchObject({ revocation: revocation.id });
      await until(() => workshop.events.includes('write_slow aborted'), 'the server is asked to stop');
      const outcomes = async () =>
        (await enforcements(revocation.id))
          .filter(({ callId }) => callId !== null)
          .map(({ outcome }) => outcome);
      await until(async () => (await outcomes()).length === 2, 'how it ended', 6_000);
      expect((await outcomes())[0]).toBe('stopRequested');
      expect(['stopped', 'completed', 'unknown']).toContain((await outcomes())[1]);
      const result = (await world.activities()).find(
        (activity): activity is ToolResult => activity.type === 'ToolResult' && activity.agent === agent,
      );
      expect(result).toMatchObject({ outcome: 'withheld', values: [] });
    },
  );

  it('withholds a result that completes all the same', async () => {
    const stubborn = createServer((request, response) => {
      request.resume().on('end', () => {
        // It does not listen to anybody who asks it to stop.
        setTimeout(() => {
          response.writeHead(200, { 'content-type': 'application/json' });
          response.end('{"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"the secret"}]}}');
        }, 700);
      });
    });
    await new Promise<void>((resolve) => stubborn.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(stubborn.address() as AddressInfo).port}/`;
    const gateway = await world.gateway({ id: 'stubborn', servers: { it: { url } } });
    const call = fetch(`${gateway.url}/mcp/it`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-driftline-agent': 'completer' },
      body: '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"read_secret","arguments":{}}}',
    });
    await until(
      async () => (await world.activities()).some(({ agent }) => agent === 'completer'),
      'the call is on its way',
    );
    const revocation = await world.revoke({ agent: key('completer') });
    const answer = await (await call).text();
    expect(answer).toContain('isError');
    expect(answer).not.toContain('the secret');
    await until(
      async () => (await enforcements(revocation.id)).some(({ outcome }) => outcome === 'completed'),
      'it completed',
    );
    stubborn.closeAllConnections();
    stubborn.close();
  });

  it('withholds a result whose data class was taken away', async () => {
    await world.revoke({ agent: key('classy'), dataClasses: ['pii'], effects: null, response: 'restrict' });
    const client = await open('classy', 'session');
    await until(
      async () => (await client.callTool({ name: 'read_note', arguments: {} })).isError === true,
      'the note is withheld',
    );
    expect((await client.callTool({ name: 'test_simple_text', arguments: {} })).isError).not.toBe(true);
  });

  it('knows old revocations before it serves, registers, and says goodbye', async () => {
    await world.revoke({ agent: key('old-sinner') });
    const late = await world.gateway({ id: 'late', servers: { shop: { url: workshop.url } } });
    const client = await open('old-sinner', 'session', late);
    expect((await write(client)).isError).toBe(true);
    await client.close();
    const mine = async () =>
      (await world.reports()).filter(({ instance }) => instance === late.instance).map(({ type }) => type);
    expect((await mine()).slice(0, 2)).toEqual(['GatewayRegistered', 'GatewayHeartbeat']);
    await late.stop();
    expect((await mine()).at(-1)).toBe('GatewayLeft');
  });
});
