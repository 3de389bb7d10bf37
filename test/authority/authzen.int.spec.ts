/**
 * The requests of the AuthZEN Authorization API 1.0 certification scenario (Basic and Discovery levels), by their
 * numbers there. The verdicts of its fixture need its policy; what is held here is the protocol.
 */
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeActivity } from '#activity';
import { TOPICS, type ToolCall } from '#activity/types';
import type { RunningAuthority } from '#authority';
import { ask, openGround, readAll, tokenOf, toolCall, type Ground } from './harness.js';

let ground: Ground;
let authority: RunningAuthority;

beforeAll(async () => {
  ground = await openGround('embedded');
  await ground.keepCurrent();
  authority = await ground.start();
});
afterAll(() => ground.stop());

const alice = { type: 'user', id: 'alice' };
const read = { name: 'read' };
const record = { type: 'record', id: 'record-1' };
const evaluate = (body: unknown) => ask(authority.url, 'gateway', 'POST', '/access/v1/evaluation', body);

async function raw(body: string | undefined, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${authority.url}/access/v1/evaluation`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${tokenOf('gateway')}`,
      'content-type': 'application/json',
      ...headers,
    },
    body,
  });
}

describe('AuthZEN evaluation', () => {
  it.each([
    ['c-2-2-1 required fields only', { subject: alice, action: read, resource: record }],
    [
      'c-2-2-3 with context',
      {
        subject: alice,
        action: read,
        resource: record,
        context: { time: '2025-06-27T18:03-07:00', ip: '192.168.1.1' },
      },
    ],
    [
      'c-2-2-5 with subject properties',
      { subject: { ...alice, properties: { role: 'admin' } }, action: { name: 'write' }, resource: record },
    ],
    [
      'c-2-2-8 with additional properties',
      {
        subject: { ...alice, properties: { department: 'Sales', role: 'manager' } },
        action: { name: 'read', properties: { method: 'GET' } },
        resource: { ...record, properties: { status: 'active', owner: 'bob' } },
      },
    ],
    [
      'c-2-2-9 with unknown fields',
      { subject: alice, action: read, resource: record, foo: 'bar', futureField: { nested: true } },
    ],
  ])('%s: 200 and a boolean decision', async (_, body) => {
    const answer = await evaluate(body);
    expect(answer.status).toBe(200);
    expect(typeof answer.body.decision).toBe('boolean');
    expect(answer.body.context).toMatchObject({
      evaluation_id: expect.any(String),
      policy: ground.policy.digest,
    });
  });

  it.each([
    ['c-2-4-1 no subject', { action: read, resource: record }],
    ['c-2-4-1 no action', { subject: alice, resource: record }],
    ['c-2-4-1 no resource', { subject: alice, action: read }],
    ['c-2-4-2 subject without type', { subject: { id: 'alice' }, action: read, resource: record }],
    ['c-2-4-2 subject without id', { subject: { type: 'user' }, action: read, resource: record }],
    ['c-2-4-2 action without name', { subject: alice, action: {}, resource: record }],
    ['c-2-4-2 resource without type', { subject: alice, action: read, resource: { id: 'record-1' } }],
    ['c-2-4-2 resource without id', { subject: alice, action: read, resource: { type: 'record' } }],
    ['c-2-4-6 subject as text', { subject: 'alice', action: read, resource: record }],
    ['c-2-4-6 action name as number', { subject: alice, action: { name: 123 }, resource: record }],
    [
      'an activity that is none',
      { subject: alice, action: read, resource: record, context: { activity: 'AAAA' } },
    ],
    [
      'an activity of another type',
      { subject: alice, action: read, resource: record, context: { activity: 7 } },
    ],
  ])('%s: 400 and a message', async (_, body) => {
    const answer = await evaluate(body);
    expect(answer.status).toBe(400);
    expect(answer.code).toBe('invalid');
    expect(answer.body.length).toBeGreaterThan(5);
  });

  it('c-2-4-3 to c-2-4-5: another content type, malformed JSON, nothing: 400', async () => {
    const good = JSON.stringify({ subject: alice, action: read, resource: record });
    expect((await raw(good, { 'content-type': 'text/plain' })).status).toBe(400);
    expect((await raw('{"subject":')).status).toBe(400);
    expect((await raw('')).status).toBe(400);
    expect((await raw(undefined)).status).toBe(400);
    expect((await raw('null')).status).toBe(400);
  });

  it('c-2-5: X-Request-ID comes back, also with an error, and is not needed', async () => {
    const good = JSON.stringify({ subject: alice, action: read, resource: record });
    expect((await raw(good, { 'x-request-id': 'abc-1' })).headers.get('x-request-id')).toBe('abc-1');
    expect((await raw('{', { 'x-request-id': 'abc-2' })).headers.get('x-request-id')).toBe('abc-2');
    expect((await raw(good)).status).toBe(200);
  });

  it('c-2-6: the same question again has the same answer, without end', async () => {
    const body = { subject: { type: 'user', id: 'again' }, action: read, resource: record };
    const decisions = new Set<boolean>();
    for (let n = 0; n < 40; n += 1) decisions.add((await evaluate(body)).body.decision);
    expect(decisions).toEqual(new Set([true]));
  });

  it('c-6: discovery, open to everyone', async () => {
    const answer = await ask(authority.url, null, 'GET', '/.well-known/authzen-configuration');
    expect(answer).toMatchObject({
      status: 200,
      body: {
        policy_decision_point: authority.url,
        access_evaluation_endpoint: `${authority.url}/access/v1/evaluation`,
        access_evaluations_endpoint: `${authority.url}/access/v1/evaluations`,
      },
    });
  });

  it('no credential, a wrong one: 401 before the body is looked at', async () => {
    expect((await ask(authority.url, null, 'POST', '/access/v1/evaluation', {})).status).toBe(401);
    expect((await raw('{', { authorization: 'Bearer nobody' })).status).toBe(401);
  });

  it('a body beyond the limit is refused, not read to its end', async () => {
    const answer = await raw(JSON.stringify({ pad: 'x'.repeat(600_000) }));
    expect(answer.headers.get('driftline-code')).toBe('limit');
  });

  it('who takes too long over a head or a body is sent away, and others are served meanwhile', async () => {
    const { hostname, port } = new URL(authority.url);
    const head = `POST /access/v1/evaluation HTTP/1.1\r\nhost: ${hostname}\r\nauthorization: Bearer ${tokenOf('gateway')}\r\n`;
    const body = 'content-type: application/json\r\ncontent-length: 100\r\n\r\n{';
    const started = performance.now();
    const slow = (said: string) =>
      new Promise<{ answer: string; tookMs: number }>((resolve, reject) => {
        let answer = '';
        const socket = connect(Number(port), hostname, () => socket.write(said));
        socket.on('data', (chunk) => (answer += chunk.toString()));
        socket.on('error', reject);
        socket.on('close', () => resolve({ answer, tookMs: performance.now() - started }));
      });
    const both = Promise.all([slow(head), slow(head + body)]);
    expect((await evaluate({ subject: alice, action: read, resource: record })).status).toBe(200);
    const [ofHead, ofBody] = await both;
    expect(ofHead.answer).toMatch(/^HTTP\/1\.1 408 /);
    expect(ofHead.tookMs).toBeLessThan(15_000);
    expect(ofBody.answer).toMatch(/^HTTP\/1\.1 408 /);
    expect(ofBody.tookMs).toBeGreaterThan(15_000);
    expect(ofBody.tookMs).toBeLessThan(30_000);
  }, 60_000);

  it('what a plain enforcement point asked is on the log, for it reports nothing itself', async () => {
    const body = { subject: { type: 'user', id: 'plain' }, action: { name: 'delete' }, resource: record };
    const { decision } = (await evaluate(body)).body;
    const logged = (await readAll(ground.log, TOPICS.activity))
      .map(({ value }) => decodeActivity(value))
      .filter((activity): activity is ToolCall => activity.type === 'ToolCall' && activity.agent === 'plain');
    expect(logged).toHaveLength(1);
    expect(logged[0]).toMatchObject({
      assurance: 'asserted',
      server: 'record',
      tool: 'delete',
      effect: 'delete',
      resource: 'record-1',
      decision: decision ? 'allowed' : 'refused',
      pending: decision,
      sequence: 1,
    });
  });

  it('refuses an activity whose readable part names somebody else', async () => {
    const { encodeActivity } = await import('#activity');
    const call = toolCall(ground.tenant, 'spiffe://acme.test/a');
    const activity = encodeActivity(call).toString('base64');
    const other = { type: 'agent', id: 'spiffe://acme.test/b' };
    const answer = await evaluate({
      subject: other,
      action: { name: 'tools/call' },
      resource: record,
      context: { activity },
    });
    expect(answer.code).toBe('invalid');
  });
});

describe('AuthZEN evaluations', () => {
  const evaluations = (body: unknown) =>
    ask(authority.url, 'gateway', 'POST', '/access/v1/evaluations', body);

  it('answers in order, defaults taken whole, one that cannot be answered said beside the others', async () => {
    const answer = await evaluations({
      subject: { type: 'user', id: 'batch' },
      action: read,
      resource: record,
      evaluations: [
        {},
        { resource: { type: 'record', id: 'record-2' } },
        { resource: { type: 'record' } },
        { subject: { type: 'user', id: 'other' } },
      ],
      options: { evaluations_semantic: 'execute_all' },
    });
    expect(answer.status).toBe(200);
    expect(answer.body.evaluations.map(({ decision }: { decision: boolean }) => decision)).toEqual([
      true,
      true,
      false,
      true,
    ]);
    expect(answer.body.evaluations[2].context.error).toMatchObject({ status: 400, code: 'invalid' });
    const logged = (await readAll(ground.log, TOPICS.activity)).map(({ value }) => decodeActivity(value));
    const calls = logged.filter((activity): activity is ToolCall => activity.type === 'ToolCall');
    expect(calls.filter(({ agent }) => agent === 'batch').map(({ resource }) => resource)).toEqual([
      'record-1',
      'record-2',
    ]);
    expect(calls.filter(({ agent }) => agent === 'other')).toHaveLength(1);
  });

  it('without evaluations it is a single question', async () => {
    const answer = await evaluations({ subject: alice, action: read, resource: record, evaluations: [] });
    expect(answer.status).toBe(200);
    expect(answer.body.decision).toBe(true);
  });

  it('refuses too many questions, another semantic than all, and what is no list', async () => {
    const many = {
      subject: alice,
      action: read,
      resource: record,
      evaluations: Array.from({ length: 65 }, () => ({})),
    };
    expect((await evaluations(many)).code).toBe('invalid');
    const semantic = { ...many, evaluations: [{}], options: { evaluations_semantic: 'deny_on_first_deny' } };
    expect((await evaluations(semantic)).code).toBe('invalid');
    expect((await evaluations({ ...many, evaluations: 'x' })).code).toBe('invalid');
  });

  it('is for gateways', async () => {
    expect((await ask(authority.url, 'person', 'POST', '/access/v1/evaluations', {})).status).toBe(403);
    expect((await ask(authority.url, null, 'POST', '/access/v1/evaluations', {})).status).toBe(401);
  });
});
