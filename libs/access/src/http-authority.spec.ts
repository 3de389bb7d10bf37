import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { decodeActivity } from '#activity';
import type { ToolCall } from '#activity/types';
import { CODE_HEADER } from './errors.js';
import { HttpAuthority } from './http-authority.js';

const call: ToolCall = {
  type: 'ToolCall',
  id: 'g1-abc-1',
  tenant: 'acme',
  agent: 'spiffe://acme.test/a',
  assurance: 'verified',
  principal: 'ada',
  actors: [],
  time: 1_790_000_000_000,
  source: 'gateway/g1',
  instance: 'g1-abc',
  sequence: 0,
  pending: false,
  task: null,
  conversation: null,
  callId: 'c1',
  method: 'tools/call',
  server: 'files',
  tool: 'write_file',
  effect: 'write',
  effectSource: 'catalogue',
  uncatalogued: false,
  dataClasses: [],
  resource: null,
  destination: null,
  facts: [],
  values: [],
  valuesDropped: 0,
  argumentsBytes: 12,
  toolDigest: null,
  decision: 'allowed',
  basis: 'assessed',
  reason: '',
  revocation: null,
  policy: '',
};

const context = {
  evaluation_id: 'decision:g1-abc-1',
  reason: '',
  explanation: '',
  response: null,
  basis: 'assessed',
  retryable: false,
  revocation: null,
  risk: 3.5,
  level: 'normal',
  evidence: [],
  policy: 'p1',
};

type Handler = (request: IncomingMessage, body: string, response: ServerResponse) => void;
let server: Server | null = null;
let client: HttpAuthority | null = null;

async function authority(handler: Handler, decisionDeadlineMs = 1_000): Promise<HttpAuthority> {
  server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => (body += text));
    request.on('end', () => handler(request, body, response));
  });
  await new Promise<void>((resolve) => server!.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  client = new HttpAuthority({ url: `http://127.0.0.1:${port}`, token: 'secret-token', decisionDeadlineMs });
  return client;
}

afterEach(async () => {
  await client?.close();
  server?.closeAllConnections();
  await new Promise((resolve) => (server ? server.close(resolve) : resolve(undefined)));
});

describe('HttpAuthority', () => {
  it('asks in the AuthZEN shape, with the whole activity in the context', async () => {
    const seen: { path?: string; authorization?: string; body: string }[] = [];
    const asked = await authority((request, body, response) => {
      seen.push({ path: request.url, authorization: request.headers.authorization, body });
      response.end(JSON.stringify({ decision: true, context, futureField: 1 }));
    });
    const decision = await asked.decide(call);
    expect(decision).toMatchObject({ id: 'decision:g1-abc-1', allowed: true, risk: 3.5, basis: 'assessed' });
    expect(seen[0]).toMatchObject({ path: '/access/v1/evaluation', authorization: 'Bearer secret-token' });
    const body = JSON.parse(seen[0]!.body);
    expect(body).toMatchObject({
      subject: { type: 'agent', id: call.agent, properties: { tenant: 'acme', assurance: 'verified' } },
      action: { name: 'tools/call' },
      resource: { type: 'tool', id: 'files/write_file' },
    });
    expect(decodeActivity(Buffer.from(body.context.activity, 'base64'))).toEqual(call);
  });

  it('asks once more when the connection broke before an answer', async () => {
    let requests = 0;
    const asked = await authority((request, _, response) => {
      requests += 1;
      if (requests === 1) request.socket.destroy();
      else response.end(JSON.stringify({ decision: true, context }));
    });
    expect((await asked.decide(call)).allowed).toBe(true);
    expect(requests).toBe(2);
  });

  it('does not open a task twice by itself', async () => {
    let requests = 0;
    const asked = await authority((request) => {
      requests += 1;
      request.socket.destroy();
    });
    const start = asked.startTask({
      agent: 'spiffe://acme.test/a',
      principal: null,
      intent: '',
      scope: null,
      ttlMs: 1,
    });
    await expect(start).rejects.toMatchObject({ code: 'unreachable' });
    expect(requests).toBe(1);
  });

  it('is unreachable past the deadline, when nobody listens, and when something else answers', async () => {
    const slow = await authority(() => undefined, 60);
    await expect(slow.decide(call)).rejects.toMatchObject({ code: 'unreachable' });
    await slow.close();
    server!.closeAllConnections();
    await new Promise((resolve) => server!.close(resolve));
    const other = await authority((_, __, response) => response.end('<html>hello</html>'));
    await expect(other.decide(call)).rejects.toMatchObject({ code: 'unreachable' });
    const nobody = new HttpAuthority({ url: 'http://127.0.0.1:1', token: 't' });
    await expect(nobody.decide(call)).rejects.toMatchObject({ code: 'unreachable' });
    await nobody.close();
  });

  it('never takes an answer of another shape for a verdict', async () => {
    const asked = await authority((_, __, response) =>
      response.end(JSON.stringify({ decision: 'true', context })),
    );
    await expect(asked.decide(call)).rejects.toMatchObject({ code: 'unreachable' });
  });

  it('tells the codes of the authority apart', async () => {
    let code = 'not-current';
    const asked = await authority((_, __, response) => {
      response.writeHead(503, { [CODE_HEADER]: code });
      response.end('the state is 9000 ms old');
    });
    await expect(asked.decide(call)).rejects.toMatchObject({ code: 'not-current', message: /9000 ms/ });
    code = 'something else';
    await expect(asked.decide(call)).rejects.toMatchObject({ code: 'unreachable' });
    code = 'not-found';
    expect(await asked.task('t0-abcdefgh')).toBeNull();
  });
});
