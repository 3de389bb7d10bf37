import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { decodeActivity, ordinaryCall } from '#activity';
import type { ToolCall } from '#activity/types';
import { CODE_HEADER } from './errors.js';
import { HttpAuthority } from './http-authority.js';

const call = ordinaryCall({
  id: 'g1-abc-1',
  sequence: 0,
  callId: 'c1',
  tool: 'write_file',
  effect: 'write',
  basis: 'assessed',
});

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

  describe('many questions at once', () => {
    const named = (n: number, agent = `spiffe://acme.test/${n}`): ToolCall => ({
      ...call,
      id: `c-${n}`,
      agent,
    });
    const idOf = (question: { context: { activity: string } }): string =>
      decodeActivity(Buffer.from(question.context.activity, 'base64')).id;
    type Held = { path: string; ids: string[]; agents: string[]; answer: () => void };

    /** An authority that answers when told to; every answer names its question. */
    async function holding(): Promise<{ asked: HttpAuthority; held: Held[] }> {
      const held: Held[] = [];
      const asked = await authority((request, body, response) => {
        const parsed = JSON.parse(body);
        const questions = parsed.evaluations ?? [parsed];
        const ids: string[] = questions.map(idOf);
        const of = (id: string) =>
          id === 'c-13'
            ? { decision: false, context: { error: { status: 429, code: 'full', message: 'no room' } } }
            : { decision: true, context: { ...context, evaluation_id: id } };
        const answer = parsed.evaluations ? { evaluations: ids.map(of) } : of(ids[0]!);
        held.push({
          path: request.url!,
          ids,
          agents: questions.map(({ subject }: { subject: { id: string } }) => subject.id),
          answer: () => response.end(JSON.stringify(answer)),
        });
      });
      return { asked, held };
    }
    const until = async (held: Held[], n: number): Promise<void> => {
      while (held.length < n) await new Promise((resolve) => setTimeout(resolve, 2));
    };

    it('go together once a few are in flight, each with its own answer, and one error stays its own', async () => {
      const { asked, held } = await holding();
      const all = Array.from({ length: 20 }, (_, n) => asked.decide(named(n)));
      await until(held, 4);
      expect(held.map(({ path }) => path)).toEqual(Array.from({ length: 4 }, () => '/access/v1/evaluation'));
      held[0]!.answer();
      await until(held, 5);
      expect(held[4]).toMatchObject({ path: '/access/v1/evaluations' });
      expect(held[4]!.ids).toEqual(Array.from({ length: 16 }, (_, n) => `c-${n + 4}`));
      for (const { answer } of held.slice(1)) answer();
      const answers = await Promise.allSettled(all);
      const refused = answers.findIndex(({ status }) => status === 'rejected');
      expect(refused).toBe(13);
      expect(answers[refused]).toMatchObject({ reason: { code: 'full' } });
      const given = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value.id] : []));
      expect(given).toEqual(Array.from({ length: 20 }, (_, n) => `c-${n}`).filter((id) => id !== 'c-13'));
    });

    it('of one agent only a few, so that it does not make the others wait', async () => {
      const { asked, held } = await holding();
      const first = Array.from({ length: 4 }, (_, n) => asked.decide(named(n)));
      await until(held, 4);
      const flood = Array.from({ length: 9 }, (_, n) =>
        asked.decide(named(20 + n, 'spiffe://acme.test/flood')),
      );
      const other = asked.decide(named(40));
      held[0]!.answer();
      await until(held, 5);
      expect(held[4]!.ids).toEqual(['c-20', 'c-21', 'c-22', 'c-23', 'c-40']);
      for (let at = 1; at < 7; at += 1) {
        await until(held, Math.min(at + 1, 7));
        held[at]!.answer();
      }
      await Promise.all([...first, ...flood, other]);
      expect(held.map(({ ids }) => ids.length)).toEqual([1, 1, 1, 1, 5, 4, 1]);
    });

    it('that wait past their deadline are unreachable', async () => {
      const { asked, held } = await holding();
      const all = Array.from({ length: 6 }, (_, n) => asked.decide(named(n)));
      const answers = await Promise.allSettled(all);
      for (const answer of answers) {
        expect(answer).toMatchObject({ status: 'rejected', reason: { code: 'unreachable' } });
      }
      // Whoever waited in vain is not asked about afterwards either.
      await new Promise((resolve) => setTimeout(resolve, 50));
      expect(held.flatMap(({ ids }) => ids).length).toBeLessThanOrEqual(6);
    });
  });
});
