/** Who calls and on which task: verified or asserted, and refused where it does not fit. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ToolCall } from '#activity/types';
import type { RunningGateway } from '#gateway';
import { openWorld, until, type World } from './world.js';

const AGENT = 'spiffe://example.org/agent/a';

describe('identity and tasks', () => {
  let world: World;
  let upstream: Server;
  let seenAuthorization: (string | undefined)[] = [];
  let verified: RunningGateway;
  let asserted: RunningGateway;
  let key: CryptoKey;

  beforeAll(async () => {
    upstream = createServer((request, response) => {
      seenAuthorization.push(request.headers.authorization);
      request.resume().on('end', () => {
        response.writeHead(200, { 'content-type': 'application/json' });
        response.end(
          '{"jsonrpc":"2.0","id":1,"result":{"resultType":"complete","content":[{"type":"text","text":"fine"}]}}',
        );
      });
    });
    await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}/mcp`;
    world = await openWorld();
    const pair = await generateKeyPair('ES256');
    key = pair.privateKey;
    const jwksFile = join(world.dir, 'jwks.json');
    writeFileSync(
      jwksFile,
      JSON.stringify({
        keys: [{ ...(await exportJWK(pair.publicKey)), kid: 'k', alg: 'ES256', use: 'sig' }],
      }),
    );
    const identity = { audience: 'https://gateway.example', issuer: 'https://issuer.example', jwksFile };
    const servers = {
      plain: { url },
      passing: { url, passToken: true, audience: 'https://server.example' },
    };
    verified = await world.gateway({ id: 'verified', servers, identity });
    asserted = await world.gateway({ id: 'asserted', servers });
  });
  afterAll(async () => {
    await world?.stop();
    upstream?.closeAllConnections();
    upstream?.close();
  });

  const token = (claims: { aud?: string | string[]; exp?: string; sub?: string } = {}) =>
    new SignJWT({})
      .setProtectedHeader({ alg: 'ES256', kid: 'k', typ: 'at+jwt' })
      .setIssuer('https://issuer.example')
      .setSubject(claims.sub ?? AGENT)
      .setAudience(claims.aud ?? 'https://gateway.example')
      .setIssuedAt()
      .setExpirationTime(claims.exp ?? '5m')
      .sign(key);
  const call = async (
    gateway: RunningGateway,
    headers: Record<string, string>,
    options: { tool?: string; meta?: object; server?: string } = {},
  ) => {
    seenAuthorization = [];
    const { tool = 'write_thing', meta = {}, server = 'plain' } = options;
    const response = await fetch(`${gateway.url}/mcp/${server}`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        ...headers,
      },
      body: JSON.stringify({
        jsonrpc: '2.0',
        id: 1,
        method: 'tools/call',
        params: { name: tool, arguments: {}, _meta: meta },
      }),
    });
    const body = (await response.json()) as {
      result?: { isError?: boolean; _meta?: Record<string, { reason: string }> };
      error?: { code: number };
    };
    return { response, body, reason: body.result?._meta?.['dev.driftline/decision']?.reason };
  };
  const lastCall = async (agent: string): Promise<ToolCall | undefined> =>
    (await world.activities())
      .filter((each): each is ToolCall => each.type === 'ToolCall' && each.agent === agent)
      .at(-1);

  it('challenges without a token and says where to get one', async () => {
    const { response } = await call(verified, {});
    expect(response.status).toBe(401);
    const challenge = response.headers.get('www-authenticate')!;
    const metadata = /resource_metadata="([^"]+)"/.exec(challenge)![1]!;
    const document = (await (await fetch(metadata)).json()) as object;
    expect(document).toMatchObject({
      resource: `${verified.url}/mcp/plain`,
      authorization_servers: ['https://issuer.example'],
    });
    expect((await fetch(`${asserted.url}/.well-known/oauth-protected-resource/mcp/plain`)).status).toBe(404);
  });

  it.each([
    ['expired', async () => token({ exp: '-5m' })],
    ['for somebody else', async () => token({ aud: 'https://other.example' })],
    ['tampered', async () => `${(await token()).slice(0, -4)}AAAA`],
  ])('refuses a token that is %s', async (_what, make) => {
    const { response } = await call(verified, { authorization: `Bearer ${await make()}` });
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toContain('error="invalid_token"');
    expect(seenAuthorization).toEqual([]);
  });

  it('reports the verified agent, and the token goes nowhere', async () => {
    const { body } = await call(verified, {
      authorization: `Bearer ${await token()}`,
      'x-driftline-agent': 'somebody-else',
    });
    expect(body.result?.isError).not.toBe(true);
    expect(await lastCall(AGENT)).toMatchObject({ assurance: 'verified', decision: 'allowed' });
    expect(seenAuthorization).toEqual([undefined]);
  });

  it('passes the token only where configured, and only to its audience', async () => {
    const both = await token({ aud: ['https://gateway.example', 'https://server.example'] });
    await call(verified, { authorization: `Bearer ${both}` }, { server: 'passing' });
    expect(seenAuthorization).toEqual([`Bearer ${both}`]);
    await call(verified, { authorization: `Bearer ${await token()}` }, { server: 'passing' });
    expect(seenAuthorization).toEqual([undefined]);
    await call(verified, { authorization: `Bearer ${both}` });
    expect(seenAuthorization).toEqual([undefined]);
    await call(asserted, { authorization: `Bearer ${both}` }, { server: 'passing' });
    expect(seenAuthorization).toEqual([undefined]);
  });

  it('keeps asserted agents in a key space of their own', async () => {
    await call(asserted, { 'x-driftline-agent': AGENT });
    const calls = (await world.activities()).filter(
      (each): each is ToolCall => each.type === 'ToolCall' && each.agent === AGENT,
    );
    expect(new Set(calls.map(({ assurance }) => assurance))).toEqual(new Set(['verified', 'asserted']));
  });

  const startTask = (agent: string, ttlMs = 60_000) =>
    world.authority.authority.startTask({
      agent,
      assurance: 'asserted',
      principal: 'jo',
      intent: 'write the thing',
      scope: null,
      ttlMs,
    });

  it('carries the task from header or _meta', async () => {
    const { task } = await startTask('tasker');
    const header = await call(asserted, { 'x-driftline-agent': 'tasker', 'x-driftline-task': task });
    expect(header.body.result?.isError).not.toBe(true);
    expect((await lastCall('tasker'))?.task).toBe(task);
    const meta = await call(
      asserted,
      { 'x-driftline-agent': 'tasker' },
      { meta: { 'dev.driftline/task': task } },
    );
    expect(meta.body.result?.isError).not.toBe(true);
    const both = { 'x-driftline-agent': 'tasker', 'x-driftline-task': task };
    expect((await call(asserted, both, { meta: { 'dev.driftline/task': 'other' } })).reason).toBe(
      'task-unreadable',
    );
  });

  it('refuses a foreign, unknown, expired or ended task, and that is evidence', async () => {
    const own = await startTask('owner');
    const thief = await call(asserted, { 'x-driftline-agent': 'thief', 'x-driftline-task': own.task });
    expect(thief.reason).toBe('task-foreign');
    await until(async () => (await lastCall('thief')) !== undefined, 'the refused call is on the log');
    expect(await lastCall('thief')).toMatchObject({
      decision: 'refused',
      basis: 'task',
      reason: 'task-foreign',
      task: own.task,
    });
    const invented = own.task.replace(/-.*/, '-AAAAAAAAAAAAAAAAAAAAAA');
    expect(
      (await call(asserted, { 'x-driftline-agent': 'owner', 'x-driftline-task': invented })).reason,
    ).toBe('task-unknown');
    const short = await startTask('owner', 1_000);
    expect(
      (await call(asserted, { 'x-driftline-agent': 'owner', 'x-driftline-task': short.task })).reason,
    ).toBeUndefined();
    await until(
      async () =>
        (await call(asserted, { 'x-driftline-agent': 'owner', 'x-driftline-task': short.task })).reason ===
        'task-expired',
      'the task expires',
    );
    expect(
      (await call(asserted, { 'x-driftline-agent': 'owner', 'x-driftline-task': own.task })).reason,
    ).toBeUndefined();
    await world.authority.authority.endTask(own.task, 'completed', 'jo');
    await until(async () => {
      const late = await call(asserted, { 'x-driftline-agent': 'owner', 'x-driftline-task': own.task });
      return late.body.result?.isError === true;
    }, 'the ended task is refused');
    expect(seenAuthorization).toEqual([]);
  });
});
