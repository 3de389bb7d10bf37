import { createServer, request as ask, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import type { Agent, ServerEntry } from '../../apps/gateway/src/calls/port.js';
import { Sessions } from '../../apps/gateway/src/calls/sessions.js';
import { Bodies } from '../../apps/gateway/src/http/body.js';
import { Front } from '../../apps/gateway/src/http/front.js';
import { Identifier } from '../../apps/gateway/src/http/identify.js';
import { Shares } from '../../apps/gateway/src/http/shares.js';
import { AGENT_OPEN_MAX, REMOTE_OPEN_MAX } from '../../apps/gateway/src/limits.js';
import { GatewayMetrics } from '../../apps/gateway/src/metrics.js';
import type { HttpUpstream } from '../../apps/gateway/src/upstream/http.js';
import { quiet } from '../gateway/world.js';

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

async function listening(started: Server): Promise<number> {
  server = started;
  await new Promise<void>((resolve) => started.listen(0, '127.0.0.1', resolve));
  return (started.address() as AddressInfo).port;
}

/** Status of a POST that announces `announced` bytes and sends `sent` of them. */
function post(port: number, announced: number, sent: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'content-length': announced };
    const asked = ask({ port, host: '127.0.0.1', path: '/mcp', method: 'POST', headers }, (response) => {
      resolve(response.statusCode!);
      asked.destroy();
    });
    asked.on('error', reject);
    asked.flushHeaders();
    asked.write(Buffer.alloc(sent));
  });
}

/** 4,096 strangers could have 8 MiB each read before anybody asked who they were. */
it('who has no valid token is told so before its body is read', async () => {
  const verifier = { verify: async () => Promise.reject(new Error('no')) };
  const entry = { name: 's', config: { url: 'http://127.0.0.1:1/mcp' } } as unknown as ServerEntry;
  const front = new Front({
    servers: new Map([['s', { entry, upstream: { kind: 'http', http: {} as HttpUpstream } }]]),
    sessions: new Sessions(),
    guard: { loopback: true, hosts: [], origins: [] },
    identifier: new Identifier({ tenant: 'acme', verifier, required: true, crowded: () => undefined }),
    judge: { admit: async () => ({ kind: 'pass' }) },
    observer: { members: async () => true },
    metrics: new GatewayMetrics(),
    logger: quiet,
    publicUrl: () => 'http://127.0.0.1',
  });
  const port = await listening(
    createServer((request, response) => front.handle(request, response, () => undefined)),
  );
  expect(await post(port, 4_000_000, 10)).toBe(401);
});

it('all bodies together are held up to a limit, and what was refused or is done gives its room back', async () => {
  const bodies = new Bodies(1_000);
  const held: Buffer[] = [];
  const port = await listening(
    createServer((request, response) => {
      void bodies.read(request).then((body) => {
        if (typeof body !== 'string') held.push(body);
        response.writeHead(typeof body === 'string' ? 503 : 200).end();
      });
    }),
  );
  expect(await post(port, 600, 600)).toBe(200);
  expect(await post(port, 9_000, 600)).toBe(503);
  expect(bodies.heldBytes).toBe(600);
  bodies.done(held[0]!);
  expect(await post(port, 600, 600)).toBe(200);
});

it('one client has its share of open requests; made-up names share one', () => {
  const shares = new Shares();
  const agent = (name: string, assurance: Agent['assurance']) =>
    ({ key: `acme/${assurance}/${name}`, assurance }) as Agent;
  const verified = agent('a', 'verified');
  for (let i = 0; i < AGENT_OPEN_MAX; i += 1) expect(shares.take(verified, 'x')).toBe(true);
  expect([shares.take(verified, 'y'), shares.take(agent('b', 'verified'), 'x')]).toEqual([false, true]);
  shares.give(verified, 'x');
  expect(shares.take(verified, 'x')).toBe(true);
  for (let i = 0; i < REMOTE_OPEN_MAX; i += 1) shares.take(agent(`n-${i}`, 'asserted'), 'x');
  expect([shares.take(agent('m', 'asserted'), 'x'), shares.take(agent('m', 'asserted'), 'y')]).toEqual([
    false,
    true,
  ]);
});
