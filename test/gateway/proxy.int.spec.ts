/** Real clients and servers of both revisions work through the gateway unchanged. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Client } from '@modelcontextprotocol/client';
import type { ToolCall, ToolResult } from '#activity/types';
import type { RunningGateway } from '#gateway';
import { startWorkshop, type Workshop } from './workshop.js';
import { connect, openWorld, until, type ClientOptions, type World } from './world.js';

describe.each(['session', 'stateless'] as const)('through the gateway, %s', (era) => {
  let workshop: Workshop;
  let world: World;
  let gateway: RunningGateway;
  const clients: Client[] = [];

  beforeAll(async () => {
    workshop = await startWorkshop();
    world = await openWorld();
    gateway = await world.gateway({ servers: { shop: { url: workshop.url } } });
  });
  afterEach(async () => {
    for (const client of clients.splice(0)) await client.close();
    workshop.events.length = 0;
  });
  afterAll(async () => {
    await world?.stop();
    await workshop?.stop();
  });

  const open = async (options: ClientOptions = {}, url = `${gateway.url}/mcp/shop`): Promise<Client> => {
    const client = await connect(url, { era, ...options });
    clients.push(client);
    return client;
  };
  const calls = async (): Promise<ToolCall[]> =>
    (await world.activities()).filter((activity): activity is ToolCall => activity.type === 'ToolCall');
  const results = async (): Promise<ToolResult[]> =>
    (await world.activities()).filter((activity): activity is ToolResult => activity.type === 'ToolResult');

  it('speaks the revision the client asked for', async () => {
    const client = await open();
    expect(client.getNegotiatedProtocolVersion()).toBe(era === 'session' ? '2025-11-25' : '2026-07-28');
    expect(client.getServerVersion()?.name).toBe('mcp-everything');
  });

  it('is reached without a name when there is one server only', async () => {
    const client = await open({}, `${gateway.url}/mcp`);
    expect((await client.listTools()).tools.length).toBeGreaterThan(10);
  });

  it('passes progress on while the call still runs', async () => {
    const client = await open();
    let progressAt = 0;
    await client.callTool(
      { name: 'write_slow', arguments: { ms: 300 } },
      { onprogress: () => void (progressAt = performance.now()) },
    );
    expect(progressAt).toBeGreaterThan(0);
    expect(performance.now() - progressAt).toBeGreaterThan(200);
  });

  it('passes a cancellation on to the server', async () => {
    const client = await open();
    const abort = new AbortController();
    const call = client.callTool({ name: 'write_slow', arguments: { ms: 10_000 } }, { signal: abort.signal });
    call.catch(() => undefined);
    await until(() => workshop.events.includes('write_slow started'), 'the call reaches the server');
    abort.abort('changed my mind');
    await until(() => workshop.events.includes('write_slow aborted'), 'the server hears of it');
    await expect(call).rejects.toThrow('changed my mind');
  });

  it('gives errors as the server gives them', async () => {
    const direct = await open({}, workshop.url);
    const through = await open();
    const failure = async (client: Client, run: (client: Client) => Promise<unknown>): Promise<unknown> => {
      const answer = await run(client).catch((error: Error & { code?: number; data?: unknown }) => ({
        code: error.code,
        message: error.message,
        data: error.data,
      }));
      // The server stamps its name, which is the same; nothing else may differ.
      return answer;
    };
    for (const run of [
      (client: Client) => client.callTool({ name: 'no_such_tool', arguments: {} }),
      (client: Client) => client.callTool({ name: 'write_note', arguments: { note: 7 } }),
      (client: Client) => client.callTool({ name: 'test_error_handling', arguments: {} }),
      (client: Client) => client.readResource({ uri: 'test://nonexistent' }),
      (client: Client) => client.getPrompt({ name: 'no_such_prompt' }),
    ]) {
      expect(await failure(through, run)).toEqual(await failure(direct, run));
    }
  });

  it('reports reads of resources and prompts, and results with what they carry', async () => {
    const client = await open({ headers: { 'x-driftline-agent': `reader-${era}` } });
    await client.readResource({ uri: 'test://static-text' });
    await client.getPrompt({ name: 'test_simple_prompt' });
    await client.callTool({ name: 'read_note', arguments: {} });
    const agent = `reader-${era}`;
    const own = async () => (await results()).filter((result) => result.agent === agent);
    await until(async () => (await own()).length === 3, 'three results on the log');
    const seen = (await calls()).filter((call) => call.agent === agent);
    expect(seen.map(({ method, effect }) => [method, effect])).toEqual([
      ['resources/read', 'read'],
      ['prompts/get', 'read'],
      ['tools/call', 'read'],
    ]);
    expect(seen[0]!.resource).toBe('test://static-text');
    const note = (await own()).at(-1)!;
    expect(note.values.some(({ kind }) => kind === 'email')).toBe(true);
    expect(note.dataClasses).toContain('pii');
    expect(note.pending).toBe(true);
    expect(
      seen.every(({ conversation }) =>
        era === 'session' ? conversation?.startsWith('session/') : conversation === null,
      ),
    ).toBe(true);
  });

  it('judges what the client answers to the server: data that goes out', async () => {
    const agent = `answerer-${era}`;
    const client = await open({
      headers: { 'x-driftline-agent': agent },
      capabilities: { elicitation: { form: {} }, sampling: {} },
      prepare: (each) => {
        each.setRequestHandler('elicitation/create', () => ({
          action: 'accept',
          content: { username: 'jo', email: 'jo@example.com', name: 'jo@example.com' },
        }));
      },
    });
    const tool = era === 'session' ? 'test_elicitation' : 'test_input_required_result_elicitation';
    const answer = await client.callTool({
      name: tool,
      arguments: era === 'session' ? { message: 'who?' } : {},
    });
    expect(JSON.stringify(answer.content)).toContain('jo');
    const own = (await calls()).filter((call) => call.agent === agent);
    const outgoing = own.at(-1)!;
    const how =
      era === 'session' ? ['response', 'elicitation/create', 'send'] : ['tools/call', tool, outgoing.effect];
    expect([outgoing.method, outgoing.tool, outgoing.effect]).toEqual(how);
    expect(outgoing.values.some(({ kind }) => kind === 'email')).toBe(true);
    expect(outgoing.decision).toBe('allowed');
  });

  it('passes notifications of the server on', async () => {
    let changed = 0;
    const client = await open({
      prepare: (each) =>
        each.setNotificationHandler('notifications/tools/list_changed', () => void (changed += 1)),
    });
    const stream = era === 'stateless' ? await client.listen({ toolsListChanged: true }) : null;
    // A session's own stream is opened after the handshake, in the background.
    await until(async () => {
      await client.callTool({ name: 'test_trigger_tool_change', arguments: {} });
      return changed > 0;
    }, 'the notification arrives');
    expect(changed).toBeGreaterThan(0);
    await stream?.close();
  });
});
