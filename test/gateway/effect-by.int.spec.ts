/** What a call does by its arguments decides who is asked and what is refused, through a real gateway and MCP server. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { McpServer } from '@modelcontextprotocol/server';
import { z } from 'zod';
import type { ToolCall } from '#activity/types';
import type { RunningGateway } from '#gateway';
import { parsePolicy } from '#policy';
import { startEverything, type EverythingServer } from '../servers/mcp-everything/server.js';
import { connect, openWorld, until, type World } from './world.js';

const POLICY = parsePolicy(`
name: by argument
catalogue:
  internalDomains: [shop.example]
  servers:
    - match: [shop]
      trust: own
      dataClasses: [internal]
      tools:
        request:
          effect: send
          resource: /url
          effectBy:
            argument: /method
            as: http-method
            cases: [{ is: [GET, HEAD], effect: read }, { is: DELETE, effect: delete }]
        query:
          effect: execute
          effectBy:
            { argument: /sql, as: sql, cases: [{ is: SELECT, effect: read }, { is: DROP, effect: admin }] }
ask: { effects: [write, delete, execute, send, admin, unknown], readsWithAddress: false }
responses:
  - { id: check, of: task, level: high, response: context-check, effects: [delete, execute, send, admin], for: 5m }
`);
const STOCK = 'https://shop.example/stock';

let reached: string[];
let server: EverythingServer;
let world: World;
let gateway: RunningGateway;

beforeAll(async () => {
  reached = [];
  server = await startEverything({ extend: addTools });
  world = await openWorld();
  gateway = await world.gateway({ servers: { shop: { url: server.url } } });
  await world.engine.configure(POLICY, 'the operator describes the tools');
  await until(() => gatewayHas('query', { sql: 'SELECT 1' }, 'read'), 'the catalogue is used');
});
afterAll(async () => {
  await world?.stop();
  await server?.stop();
});

function addTools(mcp: McpServer): void {
  const answer = { content: [{ type: 'text' as const, text: 'done' }] };
  mcp.registerTool(
    'request',
    {
      description: 'Asks the web',
      inputSchema: z.object({ url: z.string(), method: z.string().optional() }),
    },
    ({ method }) => (reached.push(`request ${method}`), answer),
  );
  mcp.registerTool(
    'query',
    { description: 'Asks the database', inputSchema: z.object({ sql: z.string() }) },
    ({ sql }) => (reached.push(`query ${sql}`), answer),
  );
}

/** A call in a task that may read and nothing else; what it was on the log, and whether it was refused. */
async function call(name: string, args: Record<string, unknown>): Promise<ToolCall & { isError: boolean }> {
  const agent = `worker-${Math.random()}`;
  const { task } = await world.authority.authority.startTask({
    agent,
    assurance: 'asserted',
    principal: 'jo',
    intent: 'Look at the stock.',
    scope: {
      tools: null,
      effects: ['read'],
      resources: null,
      destinations: null,
      dataClasses: null,
      estimated: false,
    },
    ttlMs: 60_000,
  });
  const headers = { 'x-driftline-agent': agent, 'x-driftline-task': task };
  const client = await connect(`${gateway.url}/mcp/shop`, { headers });
  const { isError } = await client.callTool({ name, arguments: args });
  await client.close();
  let logged: ToolCall | undefined;
  await until(async () => {
    logged = (await world.activities()).find(
      (one): one is ToolCall => one.type === 'ToolCall' && one.agent === agent,
    );
    return logged !== undefined;
  }, 'the call is on the log');
  return { ...logged!, isError: isError === true };
}

async function gatewayHas(name: string, args: Record<string, unknown>, effect: string): Promise<boolean> {
  return (await call(name, args)).effect === effect;
}

describe('effects by arguments', () => {
  it.each([
    ['request', { url: STOCK, method: 'GET' }],
    ['request', { url: STOCK, method: 'head' }],
    ['query', { sql: 'SELECT name FROM stock -- ; DROP TABLE stock' }],
  ])('a read goes on unasked: %s %j', async (name, args) => {
    reached.length = 0;
    const found = await call(name, args);
    expect(found).toMatchObject({ effect: 'read', basis: 'passed', isError: false });
    expect(reached).toHaveLength(1);
  });

  it.each([
    ['request', { url: STOCK, method: 'DELETE' }, 'delete'],
    ['request', { url: STOCK, method: 'PURGE' }, 'delete'],
    ['request', { url: STOCK }, 'delete'],
    ['query', { sql: 'SELECT 1; DROP TABLE stock' }, 'admin'],
    ['query', { sql: "SELECT 'open" }, 'admin'],
  ])('what changes something is refused before it reaches the server: %s %j', async (name, args, effect) => {
    reached.length = 0;
    const found = await call(name, args);
    expect(found).toMatchObject({ effect, effectSource: 'catalogue', decision: 'refused', isError: true });
    expect(reached).toEqual([]);
  });
});
