/** What an agent sends or asks for again must not get around the looking. */
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { request } from 'undici';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunningGateway } from '#gateway';
import { openWorld, until, type World } from '../gateway/world.js';

const AGENT = { 'x-driftline-agent': 'asker' };
const SESSION = { ...AGENT, 'mcp-session-id': 's-1' };

describe('answers nobody looked at', () => {
  let upstream: Server;
  let answer: (response: ServerResponse) => void;
  let bodies: string[] = [];
  let world: World;
  let gateways: RunningGateway[];

  beforeAll(async () => {
    upstream = createServer((req, response) => {
      let body = '';
      req.on('data', (chunk: Buffer) => (body += chunk.toString()));
      req.on('end', () => {
        bodies.push(body);
        answer(response);
      });
    });
    await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}/`;
    world = await openWorld();
    const servers = { raw: { url } };
    gateways = [await world.gateway({ id: 'a', servers }), await world.gateway({ id: 'b', servers })];
    answer = (response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'mcp-session-id': 's-1' });
      response.end('{"jsonrpc":"2.0","id":1,"result":{}}');
    };
    await post({ id: 1, method: 'initialize', params: {} }, AGENT);
  });
  afterAll(async () => {
    await world?.stop();
    upstream?.closeAllConnections();
    upstream?.close();
  });

  const post = async (message: object, headers: Record<string, string> = SESSION) => {
    bodies = [];
    const response = await request(`${gateways[0]!.url}/mcp/raw`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        ...headers,
      },
      body: JSON.stringify({ jsonrpc: '2.0', ...message }),
    });
    return { status: response.statusCode, text: await response.body.text() };
  };
  const resume = async (gateway: RunningGateway) => {
    const headers = { ...SESSION, accept: 'text/event-stream', 'last-event-id': 'e-1' };
    return (await request(`${gateway.url}/mcp/raw`, { headers })).body.text();
  };
  const streamed = (result: string) => (response: ServerResponse) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.end(`id: e-2\ndata: {"jsonrpc":"2.0","id":5,"result":${result}}\n\n`);
  };
  const call = (id: number) => ({ id, method: 'tools/call', params: { name: 'read_mail', arguments: {} } });

  it('are not given at a gateway that does not know the call', async () => {
    answer = streamed('{"content":[{"type":"text","text":"the secret"}]}');
    expect((await post(call(5))).text).toContain('the secret');
    expect(await resume(gateways[0]!)).toContain('the secret');
    const elsewhere = await resume(gateways[1]!);
    expect(elsewhere).not.toContain('the secret');
    expect(elsewhere).toContain('make the call again');
  });

  it('do not hold up what is not judged', async () => {
    answer = streamed('{"tools":[]}');
    expect(await resume(gateways[1]!)).toContain('"tools":[]');
  });

  it('are not taken for those of another call with the same id', async () => {
    const asked = new Promise<ServerResponse>((resolve) => (answer = resolve));
    const slow = post(call(7));
    const first = await asked;
    const second = await post(call(7));
    expect(second.text).toContain('id-in-use');
    expect(bodies).toEqual([]);
    streamed('{"content":[]}')(first);
    expect((await slow).status).toBe(200);
  });

  it('come of no call that is dressed up as a notification, or as several messages', async () => {
    const { id: _id, ...bare } = call(8);
    for (const message of [bare, { ...call(9), result: { text: 'out' } }, { id: 9, result: {}, error: {} }]) {
      expect((await post(message)).status).toBe(400);
      expect(bodies).toEqual([]);
    }
  });

  it('come of no request that carries the agent’s own words past a revocation', async () => {
    answer = streamed('{"completion":{"values":[]}}');
    await world.revoke({ agent: 'default|asserted/asker', effects: null, response: 'revoke-agent' });
    const ref = { type: 'ref/prompt', name: 'p' };
    const params = { ref, argument: { name: 'a', value: 'the secret' } };
    const refused = async () =>
      (await post({ id: 20, method: 'completion/complete', params })).text.includes('revoked');
    await until(refused, 'the completion is refused');
    expect(bodies).toEqual([]);
  });
});
