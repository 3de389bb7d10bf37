/** What no client library would send, and what must be the same byte for byte. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { request } from 'undici';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ToolCall } from '#activity/types';
import type { RunningGateway } from '#gateway';
import { openWorld, until, type World } from './world.js';

interface Seen {
  request: IncomingMessage;
  body: string;
}

const STATELESS = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientCapabilities': {},
};

describe('the wire', () => {
  let upstream: Server;
  let answer: (response: ServerResponse, seen: Seen) => void;
  let seen: Seen[] = [];
  let world: World;
  let gateway: RunningGateway;

  beforeAll(async () => {
    upstream = createServer((req, response) => {
      const chunks: Buffer[] = [];
      req.on('data', (chunk: Buffer) => chunks.push(chunk));
      req.on('end', () => {
        const each = { request: req, body: Buffer.concat(chunks).toString('utf8') };
        seen.push(each);
        answer(response, each);
      });
    });
    await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
    world = await openWorld();
    const url = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}/upstream?fixed=1`;
    gateway = await world.gateway({ servers: { raw: { url }, other: { url } } });
  });
  afterAll(async () => {
    await world?.stop();
    upstream?.closeAllConnections();
    upstream?.close();
  });

  const send = async (body: string | object, headers: Record<string, string> = {}, path = '/mcp/raw') => {
    seen = [];
    const response = await request(`${gateway.url}${path}`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        ...headers,
      },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
    return { status: response.statusCode, headers: response.headers, text: await response.body.text() };
  };
  const json =
    (value: object, status = 200) =>
    (response: ServerResponse) => {
      response.writeHead(status, { 'content-type': 'application/json', 'x-server': 'mine' });
      response.end(JSON.stringify(value));
    };

  it('passes unknown methods, members, errors and headers as they are', async () => {
    const body =
      '{"jsonrpc":"2.0", "id":"a-1","method":"acme/do it","params":{"big":12345678901234567890,"ü":"☃"},"more":[1]}';
    const result = {
      jsonrpc: '2.0',
      id: 'a-1',
      error: { code: 4711, message: 'no ☃', data: { deep: [1] } },
      extra: true,
    };
    answer = json(result, 418);
    const got = await send(body, { 'x-custom': 'kept', 'mcp-param-region': 'eu' });
    expect(got.status).toBe(418);
    expect(got.text).toBe(JSON.stringify(result));
    expect(got.headers['x-server']).toBe('mine');
    expect(seen[0]!.body).toBe(body);
    expect(seen[0]!.request.url).toBe('/upstream?fixed=1');
    expect(seen[0]!.request.headers).toMatchObject({ 'x-custom': 'kept', 'mcp-param-region': 'eu' });
  });

  it('passes event streams byte for byte, comments, ids and retries included', async () => {
    const stream =
      ': hello\r\n\r\nid: 1\nretry: 5\ndata:\n\nevent: message\nid: 2\ndata: {"jsonrpc":"2.0",\ndata: "method":"notifications/x"}\n\n' +
      ':\r\nid: 3\r\ndata: {"jsonrpc":"2.0","id":7,"result":{"content":[{"type":"text","text":"grün"}]}}\r\n\r\n';
    answer = (response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      for (const byte of Buffer.from(stream)) response.write(Buffer.from([byte]));
      response.end();
    };
    const got = await send({
      jsonrpc: '2.0',
      id: 7,
      method: 'tools/call',
      params: { name: 'read_x', arguments: {} },
    });
    expect(got.text).toBe(stream);
    await until(
      async () => (await world.activities()).some(({ type }) => type === 'ToolResult'),
      'the result is on the log',
    );
  });

  const events = (text: string) => (response: ServerResponse) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.end(text);
  };
  const reading = (id: number) => ({
    jsonrpc: '2.0',
    id,
    method: 'tools/call',
    params: { name: 'read_x', arguments: {} },
  });

  it('looks at the first message of a stream behind a byte-order mark', async () => {
    const agent = { 'x-driftline-agent': 'marked' };
    answer = events('\ufeffdata: {"jsonrpc":"2.0","id":1,"result":{"text":"mail jo@example.com"}}\n\n');
    expect((await send(reading(1), agent)).text).toContain('jo@example.com');
    await until(
      async () =>
        (await world.activities()).some(
          (one) => one.type === 'ToolResult' && one.agent === 'marked' && one.dataClasses.includes('pii'),
        ),
      'what it holds is on the log',
    );
  });

  it('passes on no event in which nobody can say what a reader would find', async () => {
    const result = '{"jsonrpc":"2.0","id":2,"result":{"text":"mail jo@example.com"}}';
    const odd = [`[${result}]`, result.replace('"jsonrpc":"2.0",', ''), `\ufeff${result}`, `${result} //`];
    answer = events(`data: ${odd.join('\n\ndata: ')}\n\n: end\n`);
    expect((await send(reading(2))).text).toBe(': end\n');
    const { body } = await request(`${gateway.url}/metrics`);
    expect(await body.text()).toMatch(/driftline_gateway_limits_total\{.*limit="unread-events".*\} 4\n/);
  });

  it('keeps the token, its own headers and connection headers to itself', async () => {
    answer = json({ jsonrpc: '2.0', id: 1, result: {} });
    await send(
      { jsonrpc: '2.0', id: 1, method: 'ping' },
      { authorization: 'Bearer secret', 'x-driftline-agent': 'a', 'accept-encoding': 'gzip' },
    );
    const { headers } = seen[0]!.request;
    expect(headers.authorization).toBeUndefined();
    expect(headers['x-driftline-agent']).toBeUndefined();
    expect(headers['accept-encoding']).toBe('identity');
  });

  it.each([
    ['not JSON', '{"jsonrpc":', 400, -32700],
    ['a batch', '[{"jsonrpc":"2.0","id":1,"method":"ping"}]', 400, -32600],
    ['no message', '{"jsonrpc":"1.0","id":1,"method":"ping"}', 400, -32600],
    [
      'a repeated member',
      '{"jsonrpc":"2.0","id":1,"method":"tools/list","method":"tools/call"}',
      400,
      -32600,
    ],
    [
      'a repeated member, escaped',
      '{"jsonrpc":"2.0","id":1,"method":"ping","\\u006dethod":"tools/call"}',
      400,
      -32600,
    ],
    [
      'deep nesting',
      `{"jsonrpc":"2.0","id":1,"method":"x","params":{"a":${'['.repeat(200)}${']'.repeat(200)}}} `,
      400,
      -32600,
    ],
  ])('refuses %s before anybody else reads it', async (_what, body, status, code) => {
    const got = await send(body);
    expect(got.status).toBe(status);
    expect((JSON.parse(got.text) as { error: { code: number } }).error.code).toBe(code);
    expect(seen).toHaveLength(0);
  });

  it('refuses mirrored headers that contradict the body', async () => {
    const params = { name: 'write_x', arguments: {}, _meta: STATELESS };
    const body = { jsonrpc: '2.0', id: 9, method: 'tools/call', params };
    const right = { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': 'write_x' };
    answer = json({ jsonrpc: '2.0', id: 9, result: { resultType: 'complete', content: [] } });
    expect((await send(body, right)).status).toBe(200);
    for (const wrong of [
      { 'mcp-name': 'read_x' },
      { 'mcp-method': 'tools/list' },
      { 'mcp-protocol-version': '2025-11-25' },
    ]) {
      const got = await send(body, { ...right, ...wrong });
      expect(got.status).toBe(400);
      expect(JSON.parse(got.text)).toMatchObject({ id: 9, error: { code: -32020 } });
      expect(seen).toHaveLength(0);
    }
  });

  it('answers only to its own name and allowed origins', async () => {
    answer = json({ jsonrpc: '2.0', id: 1, result: {} });
    const ping = { jsonrpc: '2.0', id: 1, method: 'ping' };
    expect((await send(ping, { host: 'evil.example' })).status).toBe(403);
    expect((await send(ping, { origin: 'https://evil.example' })).status).toBe(403);
    expect((await send(ping, { origin: 'http://localhost:5173' })).status).toBe(200);
  });

  it('knows only configured servers, and none by default where there are several', async () => {
    const ping = { jsonrpc: '2.0', id: 1, method: 'ping' };
    expect((await send(ping, {}, '/mcp/nobody')).status).toBe(404);
    expect((await send(ping, {}, '/mcp')).status).toBe(404);
    expect((await send(ping, { 'content-type': 'text/plain' })).status).toBe(415);
  });

  it('refuses bodies beyond the limit', async () => {
    const got = await send(
      `{"jsonrpc":"2.0","id":1,"method":"ping","params":{"x":"${'y'.repeat(9_000_000)}"}}`,
    ).catch(() => ({ status: 413 }));
    expect(got.status).toBe(413);
    expect(seen).toHaveLength(0);
  });

  it('keeps a session to the agent that opened it', async () => {
    answer = (response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'mcp-session-id': 'session-of-a' });
      response.end('{"jsonrpc":"2.0","id":1,"result":{"protocolVersion":"2025-11-25"}}');
    };
    const open = {
      jsonrpc: '2.0',
      id: 1,
      method: 'initialize',
      params: { clientInfo: { name: 'a', version: '1' } },
    };
    expect((await send(open, { 'x-driftline-agent': 'a' })).headers['mcp-session-id']).toBe('session-of-a');
    answer = json({ jsonrpc: '2.0', id: 2, result: {} });
    const ping = { jsonrpc: '2.0', id: 2, method: 'ping' };
    const session = { 'mcp-session-id': 'session-of-a' };
    expect((await send(ping, session)).status).toBe(200);
    expect((await send(ping, { ...session, 'x-driftline-agent': 'b' })).status).toBe(404);
    expect(seen).toHaveLength(0);
  });

  it('judges operations on MCP tasks by what they do', async () => {
    answer = json({ jsonrpc: '2.0', id: 4, result: { resultType: 'complete' } });
    const agent = { 'x-driftline-agent': 'tasker' };
    for (const method of ['tasks/get', 'tasks/result', 'tasks/cancel', 'tasks/update']) {
      const params = {
        taskId: 't-1',
        inputResponses: { who: { action: 'accept', content: { mail: 'jo@example.com' } } },
      };
      expect((await send({ jsonrpc: '2.0', id: 4, method, params }, agent)).status).toBe(200);
    }
    const calls = async () =>
      (await world.activities()).filter(
        (each): each is ToolCall => each.type === 'ToolCall' && each.agent === 'tasker',
      );
    await until(async () => (await calls()).length === 4, 'all are on the log');
    expect((await calls()).map(({ method, effect }) => [method, effect])).toEqual([
      ['tasks/get', 'read'],
      ['tasks/result', 'read'],
      ['tasks/cancel', 'write'],
      ['tasks/update', 'send'],
    ]);
    expect((await calls()).at(-1)!.values.some(({ kind }) => kind === 'email')).toBe(true);
  });

  it('keeps withheld what was withheld when a stream is resumed', async () => {
    const agent = { 'x-driftline-agent': 'resumer' };
    answer = (response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'mcp-session-id': 'resumed' });
      response.end('{"jsonrpc":"2.0","id":1,"result":{}}');
    };
    await send({ jsonrpc: '2.0', id: 1, method: 'initialize', params: {} }, agent);
    await world.revoke({ agent: 'default|asserted/resumer', dataClasses: ['pii'], response: 'restrict' });
    const event =
      'id: e-2\ndata: {"jsonrpc":"2.0","id":5,"result":{"content":[{"type":"text","text":"mail jo@example.com"}]}}\n\n';
    answer = (response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.end(event);
    };
    const session = { ...agent, 'mcp-session-id': 'resumed' };
    const call = {
      jsonrpc: '2.0',
      id: 5,
      method: 'tools/call',
      params: { name: 'read_mail', arguments: {} },
    };
    await until(
      async () => !(await send(call, session)).text.includes('jo@example.com'),
      'the result is withheld',
    );
    const again = await request(`${gateway.url}/mcp/raw`, {
      headers: { ...session, accept: 'text/event-stream', 'last-event-id': 'e-1' },
    });
    const text = await again.body.text();
    expect(text).toContain('id: e-2');
    expect(text).toContain('isError');
    expect(text).not.toContain('jo@example.com');
  });

  it('says so when the server is away', async () => {
    answer = (response) => void response.destroy();
    const got = await send({
      jsonrpc: '2.0',
      id: 3,
      method: 'tools/call',
      params: { name: 'read_x', arguments: {} },
    });
    expect(got.status).toBe(502);
    expect(JSON.parse(got.text)).toMatchObject({ id: 3, error: { code: -32603 } });
  });
});
