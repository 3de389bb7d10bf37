import { mkdtempSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ToolCall, ToolResult } from '#activity/types';
import type { RunningGateway } from '#gateway';
import { connect, openWorld, until, type World } from './world.js';

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
});
