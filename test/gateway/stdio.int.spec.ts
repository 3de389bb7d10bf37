import { mkdtempSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Client } from '@modelcontextprotocol/client';
import type { ToolCall, ToolResult } from '#activity/types';
import type { RunningGateway } from '#gateway';
import { connect, openWorld, until, type ClientOptions, type World } from './world.js';

const filesystem = createRequire(import.meta.url).resolve(
  '@modelcontextprotocol/server-filesystem/dist/index.js',
);

describe('a real stdio server behind the gateway', () => {
  let world: World;
  let gateway: RunningGateway;
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'driftline-files-')));

  beforeAll(async () => {
    world = await openWorld();
    gateway = await world.gateway({
      servers: { files: { command: process.execPath, args: [filesystem, folder] } },
    });
  });
  afterAll(() => world?.stop());

  it('lists, reads and writes through the gateway, and all of it is on the log', async () => {
    writeFileSync(join(folder, 'a.txt'), 'hello');
    const client = await connect(`${gateway.url}/mcp/files`);
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name)).toContain('write_file');
    const read = await client.callTool({
      name: 'read_text_file',
      arguments: { path: join(folder, 'a.txt') },
    });
    expect(read.isError).not.toBe(true);
    expect(JSON.stringify(read.content)).toContain('hello');
    const write = await client.callTool({
      name: 'write_file',
      arguments: { path: join(folder, 'b.txt'), content: 'x' },
    });
    expect(write.isError).not.toBe(true);
    expect(readFileSync(join(folder, 'b.txt'), 'utf8')).toBe('x');
    await client.close();
    await until(
      async () => (await world.activities()).filter(({ type }) => type === 'ToolResult').length === 2,
      'results on the log',
    );
    const activities = await world.activities();
    const calls = activities.filter((activity): activity is ToolCall => activity.type === 'ToolCall');
    const results = activities.filter((activity): activity is ToolResult => activity.type === 'ToolResult');
    expect(calls.map(({ tool, effect, decision }) => ({ tool, effect, decision }))).toEqual([
      { tool: 'read_text_file', effect: 'read', decision: 'allowed' },
      { tool: 'write_file', effect: 'write', decision: 'allowed' },
    ]);
    expect(calls[1]).toMatchObject({
      basis: 'assessed',
      pending: true,
      agent: 'test-client',
      assurance: 'asserted',
    });
    expect(calls[0]!.toolDigest).toMatch(/^[0-9a-f]{64}$/);
    expect(results.map(({ callId, outcome }) => ({ callId, outcome }))).toEqual(
      calls.map(({ callId }) => ({ callId, outcome: 'ok' })),
    );
    expect(activities.map(({ sequence }) => sequence)).toEqual(activities.map((_, index) => index + 1));
  });

  it('lets a client that asks for the new revision fall back to what the server speaks', async () => {
    const client = await connect(`${gateway.url}/mcp/files`, { era: 'stateless' });
    expect(client.getNegotiatedProtocolVersion()).toBe('2025-11-25');
    const listed = await client.callTool({ name: 'list_directory', arguments: { path: folder } });
    expect(JSON.stringify(listed.content)).toContain('a.txt');
    await client.close();
  });
});

describe.each(['session', 'stateless'] as const)('stdio processes, %s', (era) => {
  let world: World;
  let gateway: RunningGateway;
  const clients: Client[] = [];
  const server = fileURLToPath(new URL('stdio-server.mjs', import.meta.url));

  beforeAll(async () => {
    process.env.DRIFTLINE_TEST_SECRET = 'the gateway knows it';
    world = await openWorld();
    const env = { GIVEN: 'by configuration' };
    gateway = await world.gateway({
      decide: 'none',
      servers: { it: { command: process.execPath, args: [server], env } },
    });
  });
  afterEach(async () => {
    for (const client of clients.splice(0)) await client.close();
  });
  afterAll(async () => {
    delete process.env.DRIFTLINE_TEST_SECRET;
    await world?.stop();
  });

  const open = async (agent: string, options: ClientOptions = {}): Promise<Client> => {
    const client = await connect(`${gateway.url}/mcp/it`, {
      era,
      headers: { 'x-driftline-agent': agent },
      ...options,
    });
    clients.push(client);
    return client;
  };
  const textOf = async (
    client: Client,
    name: string,
    args: Record<string, unknown> = {},
  ): Promise<string> => {
    const { content } = await client.callTool({ name, arguments: args });
    return (content as { text: string }[])[0]!.text;
  };

  it('runs one process per session, or per agent where there are no sessions', async () => {
    const [a, again, b] = [await open('a'), await open('a'), await open('b')];
    expect(a.getNegotiatedProtocolVersion()).toBe(era === 'session' ? '2025-11-25' : '2026-07-28');
    const pids = [await textOf(a, 'read_pid'), await textOf(again, 'read_pid'), await textOf(b, 'read_pid')];
    expect(new Set(pids).size).toBe(era === 'session' ? 3 : 2);
    expect(await textOf(a, 'read_pid')).toBe(pids[0]);
  });

  it('gives the process its own environment and not the secrets of the gateway', async () => {
    const client = await open('env');
    expect(await textOf(client, 'read_environment', { name: 'GIVEN' })).toBe('by configuration');
    expect(await textOf(client, 'read_environment', { name: 'DRIFTLINE_TEST_SECRET' })).toBe('undefined');
  });

  it('keeps answers and progress of calls side by side apart', async () => {
    const [one, two] = [await open('shared'), await open('shared')];
    const progress: string[] = [];
    const run = (client: Client, tag: string) =>
      client.callTool(
        { name: 'read_slow', arguments: { ms: 90, tag } },
        { onprogress: ({ message }) => void progress.push(`${tag} got ${String(message)}`) },
      );
    const answers = await Promise.all([run(one, 'x'), run(two, 'y'), run(one, 'z')]);
    expect(answers.map(({ content }) => (content as { text: string }[])[0]!.text)).toEqual(['x', 'y', 'z']);
    expect(progress.sort()).toEqual([
      ...Array<string>(3).fill('x got x'),
      ...Array<string>(3).fill('y got y'),
      ...Array<string>(3).fill('z got z'),
    ]);
  });

  it('answers waiting calls with an error when the process dies, and starts another', async () => {
    const client = await open('crasher');
    const pid = await textOf(client, 'read_pid');
    await expect(client.callTool({ name: 'read_crash', arguments: {} })).rejects.toThrow(
      'exited with code 3',
    );
    const next = await open('crasher');
    expect(await textOf(next, 'read_pid')).not.toBe(pid);
    const ended = async () =>
      (await world.activities()).filter(
        (each): each is ToolResult => each.type === 'ToolResult' && each.tool === 'read_crash',
      );
    await until(async () => (await ended()).length > 0, 'its result is on the log');
    expect((await ended())[0]).toMatchObject({ outcome: 'unknown' });
  });

  it('takes a call away from the process', async () => {
    const client = await open('stopped');
    const call = client.callTool({ name: 'read_slow', arguments: { ms: 3_000, tag: 'late' } });
    await until(
      async () =>
        (await world.activities()).some(({ agent, type }) => agent === 'stopped' && type === 'ToolCall'),
      'it runs',
    );
    await world.revoke({ agent: 'default|asserted/stopped' });
    const answer = await call;
    expect(answer.isError).toBe(true);
    expect(JSON.stringify(answer)).not.toContain('late');
  });

  it('refuses what has neither session nor envelope', async () => {
    const post = async (headers: Record<string, string>) => {
      const response = await fetch(`${gateway.url}/mcp/it`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: '{"jsonrpc":"2.0","id":1,"method":"tools/list"}',
      });
      return {
        status: response.status,
        body: (await response.json()) as { id: number; error: { code: number } },
      };
    };
    const version = era === 'session' ? '2025-11-25' : '2026-07-28';
    const { status, body } = await post({ 'mcp-protocol-version': version });
    expect(status).toBe(400);
    expect(body.id).toBe(1);
    expect(body.error.code).toBe(era === 'session' ? -32600 : -32602);
  });

  if (era === 'stateless') return;

  it('ends the process with its session, and knows the session no more', async () => {
    const client = await open('leaver');
    const pid = Number(await textOf(client, 'read_pid'));
    const transport = client.transport as unknown as {
      sessionId: string;
      terminateSession(): Promise<void>;
    };
    const { sessionId } = transport;
    await transport.terminateSession();
    await until(() => !isAlive(pid), 'the process ends');
    const late = await fetch(`${gateway.url}/mcp/it`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'mcp-session-id': sessionId,
        'x-driftline-agent': 'leaver',
      },
      body: '{"jsonrpc":"2.0","id":1,"method":"ping"}',
    });
    expect(late.status).toBe(404);
  });

  it('passes questions of the server to the client and the answers back', async () => {
    const client = await open('asked', {
      capabilities: { elicitation: { form: {} } },
      prepare: (each) =>
        each.setRequestHandler('elicitation/create', () => ({
          action: 'accept',
          content: { name: 'Ada' },
        })),
    });
    expect(await textOf(client, 'read_asking')).toBe('{"name":"Ada"}');
    const answers = (await world.activities()).filter(
      (each): each is ToolCall => each.type === 'ToolCall' && each.method === 'response',
    );
    expect(answers.at(-1)).toMatchObject({ tool: 'elicitation/create', effect: 'send', agent: 'asked' });
  });
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
