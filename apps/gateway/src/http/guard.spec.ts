import type { IncomingMessage } from 'node:http';
import { describe, expect, it } from 'vitest';
import { refuseForeign } from './guard.js';
import { clientHeaders, upstreamHeaders } from './headers.js';

const asked = (headers: Record<string, string>): IncomingMessage =>
  ({ headers }) as unknown as IncomingMessage;

describe('refuseForeign', () => {
  const local = { loopback: true, hosts: ['gateway.test'], origins: ['https://app.example'] };

  it.each([['localhost:1'], ['127.0.0.1:7400'], ['[::1]:7400'], ['gateway.test']])(
    'answers to %s',
    (host) => {
      expect(refuseForeign(asked({ host }), local)).toBeNull();
    },
  );

  it.each([['evil.example'], ['localhost.evil.example'], ['127.0.0.1.evil.example'], ['']])(
    'does not answer to %s',
    (host) => {
      expect(refuseForeign(asked({ host }), local)).toContain('Forbidden');
    },
  );

  it('takes configured and loopback origins and no other', () => {
    const from = (origin: string) => refuseForeign(asked({ host: 'localhost', origin }), local);
    expect(from('https://app.example')).toBeNull();
    expect(from('http://localhost:5173')).toBeNull();
    expect(from('https://evil.example')).toContain('Forbidden');
    expect(from('null')).toContain('Forbidden');
  });

  it('takes no loopback origin where it does not listen on loopback', () => {
    const wide = { loopback: false, hosts: [], origins: [] };
    expect(refuseForeign(asked({ host: 'anything.example' }), wide)).toBeNull();
    expect(refuseForeign(asked({ host: 'x', origin: 'http://localhost' }), wide)).toContain('Forbidden');
  });
});

describe('headers', () => {
  it('keeps connection headers, its own and the token to itself', () => {
    const headers = {
      host: 'h',
      connection: 'keep-alive, x-hop',
      'x-hop': '1',
      authorization: 'Bearer t',
      'x-driftline-task': 't',
      a: 'b',
    };
    expect(upstreamHeaders(headers, null)).toEqual({ 'accept-encoding': 'identity', a: 'b' });
    expect(upstreamHeaders(headers, 'Bearer t')).toMatchObject({ authorization: 'Bearer t' });
    expect(
      clientHeaders({ 'transfer-encoding': 'chunked', 'content-type': 'x', 'mcp-session-id': 's' }),
    ).toEqual({
      'content-type': 'x',
      'mcp-session-id': 's',
    });
  });
});
