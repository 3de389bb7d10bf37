/** Megabytes of one agent, and the small calls of another meanwhile. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { isDeepStrictEqual } from 'node:util';
import { request } from 'undici';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Activity, ToolCall, ToolResult } from '#activity/types';
import type { RunningGateway } from '#gateway';
import { openWorld, until, type World } from './world.js';

const REQUEST_CHARS = 4_000_000;
/** Larger answers of two calls at once are too much of one client. */
const ANSWER_CHARS = 21_000_000;

/** Ordinary text, other values in each line. */
function prose(chars: number): string {
  let text = '';
  for (let n = 0; text.length < chars; n += 1)
    text += `Anna wrote to user${n}@mail.example that order A-${n} of $${n}.20 should be sent to Berlin on Monday.\n`;
  return text.slice(0, chars);
}

describe('a message of megabytes', () => {
  let upstream: Server;
  let world: World;
  let gateway: RunningGateway;
  let answer = 'ok';
  let stray = false;

  beforeAll(async () => {
    upstream = createServer((req, response) => {
      let start = '';
      req.on('data', (chunk: Buffer) => (start += start.length < 1_000 ? chunk.toString() : ''));
      req.on('end', () => {
        const text = start.includes('"read_large"') ? answer : 'ok';
        const id = Number(/"id":(\d+)/.exec(start)?.[1]);
        response.writeHead(200, { 'content-type': 'application/json' });
        const message = { jsonrpc: '2.0', id, result: { content: [{ type: 'text', text }] } };
        response.end(JSON.stringify(stray ? [message] : message));
      });
    });
    await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
    world = await openWorld();
    const url = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}/`;
    gateway = await world.gateway({ servers: { raw: { url } } });
    // The first large message starts the thread.
    await call('first', 'read_note', prose(100_000));
  });
  afterAll(async () => {
    await world?.stop();
    upstream?.closeAllConnections();
    upstream?.close();
  });

  let id = 0;
  const call = async (agent: string, name: string, note: string) => {
    const startedMs = performance.now();
    const params = { name, arguments: { note } };
    const { body } = await request(`${gateway.url}/mcp/raw`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json', 'x-driftline-agent': agent },
      body: JSON.stringify({ jsonrpc: '2.0', id: (id += 1), method: 'tools/call', params }),
    });
    const text = await body.text();
    return { text, tookMs: performance.now() - startedMs };
  };

  /** How long the large call took, and the slowest of the small ones that were made meanwhile. */
  const beside = async (large: Promise<{ text: string; tookMs: number }>) => {
    const state = { over: false };
    const ended = large.finally(() => (state.over = true));
    let slowestMs = 0;
    let small = 0;
    for (; !state.over; small += 1) {
      const { text, tookMs } = await call('small', 'read_note', 'hello');
      expect(text).toContain('ok');
      // One that was still on its way when the large one had ended counts as well.
      slowestMs = Math.max(slowestMs, tookMs);
    }
    return { largeMs: (await ended).tookMs, slowestMs, small };
  };

  it('in arguments does not keep other agents waiting', async () => {
    const { largeMs, slowestMs, small } = await beside(call('large', 'read_note', prose(REQUEST_CHARS)));
    expect(small).toBeGreaterThan(5);
    // Looked at in the gateway's own thread, one small call takes nearly as long as the large one.
    expect(slowestMs).toBeLessThan(largeMs / 2);
    const seen = await logged<ToolCall>('large', { type: 'ToolCall' });
    expect(seen.argumentsBytes).toBeGreaterThan(REQUEST_CHARS);
    expect(seen.values).toHaveLength(64);
    expect(seen.valuesDropped).toBeGreaterThan(10_000);
    expect(seen.dataClasses).toContain('pii');
  });

  it('in a result does not either', async () => {
    answer = prose(2 * REQUEST_CHARS);
    const { largeMs, slowestMs, small } = await beside(call('reader', 'read_large', ''));
    expect(small).toBeGreaterThan(5);
    expect(slowestMs).toBeLessThan(largeMs / 2);
    const result = await logged<ToolResult>('reader', { type: 'ToolResult' });
    expect(result).toMatchObject({ outcome: 'ok', pending: true });
    expect(result.values).toHaveLength(256);
  });

  it('that nobody has room to look at is not passed on, visibly', async () => {
    answer = prose(ANSWER_CHARS);
    const both = await Promise.all([call('greedy', 'read_large', ''), call('greedy', 'read_large', '')]);
    expect(both.filter(({ text }) => text.includes('Too many large messages'))).toHaveLength(1);
    expect(both.filter(({ text }) => text.length > ANSWER_CHARS)).toHaveLength(1);
    const unseen = await logged<ToolResult>('greedy', { type: 'ToolResult', outcome: 'unknown' });
    expect(unseen.values).toEqual([]);
    const { body } = await request(`${gateway.url}/metrics`);
    expect(await body.text()).toMatch(/driftline_gateway_limits_total\{.*limit="large-messages".*\} 1\n/);
  });

  it('that is no JSON-RPC response is not passed on either', async () => {
    answer = prose(200_000);
    stray = true;
    const { text } = await call('stray', 'read_large', '');
    stray = false;
    expect(text).toContain('no JSON-RPC response');
    expect(text.length).toBeLessThan(1_000);
  });

  it('that repeats a member is refused as small ones are', async () => {
    const note = prose(100_000).replaceAll('\n', ' ');
    const body = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"read_note","arguments":{"note":"${note}"},"name":"write"}}`;
    const response = await request(`${gateway.url}/mcp/raw`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    });
    expect(response.statusCode).toBe(400);
    expect(await response.body.text()).toContain('a member name is repeated');
  });

  async function logged<A extends Activity>(agent: string, like: Partial<A>): Promise<A> {
    const find = async () =>
      (await world.activities()).find(
        (activity) => activity.agent === agent && isDeepStrictEqual({ ...activity, ...like }, activity),
      );
    await until(async () => (await find()) !== undefined, `${agent}: ${JSON.stringify(like)} is on the log`);
    return (await find()) as A;
  }
});
