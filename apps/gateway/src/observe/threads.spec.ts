import { afterEach, describe, expect, it } from 'vitest';
import { Fingerprinter, ToolIndex } from '#observation';
import { LOOKS_MAX_CHARS } from '../limits.js';
import { lookAt, type CallLook, type ResultLook } from './look.js';
import { Threads } from './threads.js';

const fingerprinter = new Fingerprinter({ version: 1, key: new Uint8Array(32).fill(7) });
const tools = { version: 1, list: [{ name: 'send_money', effect: 'send' as const }] };
const catalogue = {
  tools: [],
  internalDomains: ['acme.example'],
  internalAccounts: [],
  canaryResources: [],
};
const resultLook: ResultLook = {
  kind: 'result',
  seen: { classification: { trust: 'third-party', dataClasses: ['mail'] }, resultBytes: 12 },
};
const callLook: CallLook = {
  kind: 'call',
  seen: { method: 'tools/call', server: 'bank', trusted: false },
  catalogue,
};

/** Every kind of value, mood and structure, other ones in each line. */
function prose(lines: number): string {
  const line = (n: number): string =>
    [
      `From: Anna Weber <anna${n}@mail.example>`,
      `Please transfer $${n}.50 to DE89 3704 0044 0532 0130 00 and tell ${n}@acme.example, +1 555 010 0${100 + (n % 900)}.`,
      `{"id": "A-${n}", "path": "/srv/data/${n}.csv"}`,
      `api_key = hunter2!${n}x; see https://example.com/a/${n}?b=c`,
    ].join('\n');
  return Array.from({ length: lines }, (_, n) => line(n)).join('\n\n');
}

const resultText = (text: string): string =>
  JSON.stringify({ jsonrpc: '2.0', id: 1, result: { content: [{ type: 'text', text }] } });

let threads: Threads | undefined;
afterEach(async () => threads?.stop(), 60_000);

/** A thread translates its sources first, on a machine that may be busy. */
describe('threads that look at large messages', { timeout: 60_000 }, () => {
  it('find what is found without them', async () => {
    threads = new Threads(fingerprinter.secret, { threads: 1 });
    const inline = { fingerprinter, tools: new ToolIndex(tools.list) };
    for (const lines of [1, 40, 400]) {
      const text = resultText(prose(lines));
      const found = await threads.look('a', resultLook, text, tools);
      expect(found).toEqual(lookAt(resultLook, text, inline));
      expect(found.values.length).toBeGreaterThan(5);
      expect(found.requests).not.toEqual([]);
      const params = { name: 'send_money', arguments: { to: 'x@y.example', note: prose(lines) } };
      const call = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params });
      expect(await threads.look('a', callLook, call, null)).toEqual(lookAt(callLook, call, inline));
      const error = JSON.stringify({ jsonrpc: '2.0', id: 1, error: { code: 1, message: prose(lines) } });
      expect(await threads.look('a', resultLook, error, tools)).toEqual(lookAt(resultLook, error, inline));
    }
    expect(await threads.look('a', { kind: 'members' }, '{"a":1,"b":[{"a":2}] }', null)).toBe(true);
    expect(await threads.look('a', { kind: 'members' }, '{"a":1,"b":2,"a":3}', null)).toBe(false);
  });

  it('say what a message is without what it carries', async () => {
    threads = new Threads(fingerprinter.secret, { threads: 1 });
    const head = (message: object) => threads!.look('a', { kind: 'head' }, JSON.stringify(message), null);
    const response = { jsonrpc: '2.0', id: 1, result: { content: [prose(3)], isError: true } };
    const bare = { kind: 'response', id: 1, error: null, body: {} };
    expect(await head(response)).toEqual({ ...bare, result: { content: null, isError: null } });
    const error = { jsonrpc: '2.0', id: 1, error: { code: 1, message: prose(3) } };
    expect(await head(error)).toEqual({ ...bare, result: null, error: { code: null, message: null } });
    const asked = { jsonrpc: '2.0', id: 'q', method: 'sampling/createMessage', params: { text: prose(3) } };
    const question = { kind: 'request', id: 'q', method: asked.method, params: {}, body: {} };
    expect(await head(asked)).toEqual(question);
    expect(await head([response])).toBe(null);
    expect(await head({ ...response, jsonrpc: undefined })).toBe(null);
  });

  it('take turns between clients', async () => {
    threads = new Threads(fingerprinter.secret, { threads: 1 });
    const order: string[] = [];
    const look = (share: string): Promise<unknown> =>
      threads!.look(share, { kind: 'members' }, '{}', null).then(() => order.push(share));
    await Promise.all([look('flood'), look('flood'), look('flood'), look('flood'), look('other')]);
    expect(order.indexOf('other')).toBeLessThan(3);
  });

  it('refuse what is too much for all, and one client before all others', async () => {
    threads = new Threads(fingerprinter.secret, { threads: 1 });
    const half = `"${'x'.repeat(LOOKS_MAX_CHARS / 3)}"`;
    const first = threads.look('flood', { kind: 'members' }, half, null);
    await expect(threads.look('flood', { kind: 'members' }, half, null)).rejects.toThrow('Too many large');
    const other = threads.look('other', { kind: 'members' }, half, null);
    await expect(threads.look('third', { kind: 'members' }, half, null)).rejects.toThrow('Too many large');
    expect(await Promise.all([first, other])).toEqual([true, true]);
    expect(await threads.look('flood', { kind: 'members' }, half, null)).toBe(true);
  });

  it('are replaced when a message was too much for them', async () => {
    threads = new Threads(fingerprinter.secret, { threads: 1, heapMaxMib: 128 });
    const grows = `[${'{},'.repeat(3_000_000)}0]`;
    await expect(threads.look('a', { kind: 'members' }, grows, null)).rejects.toMatchObject({
      code: 'limit',
    });
    await expect(threads.look('a', { kind: 'members' }, '{', null)).rejects.toMatchObject({ code: 'limit' });
    expect(await threads.look('a', { kind: 'members' }, '{}', null)).toBe(true);
  });

  it('end what they are at when they are stopped', async () => {
    threads = new Threads(fingerprinter.secret, { threads: 1 });
    const all = [1, 2].map(() => threads!.look('a', { kind: 'members' }, '{}', null));
    const ends = Promise.allSettled(all);
    await threads.stop();
    expect((await ends).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    await expect(threads.look('a', { kind: 'members' }, '{}', null)).rejects.toMatchObject({ code: 'limit' });
  });
});
