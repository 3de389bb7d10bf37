import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { repeatsMember } from './members.js';
import { readMessage } from './message.js';
import { checkMirrors, decodeValue, eraOf } from './revision.js';

describe('readMessage', () => {
  it('tells requests, notifications and responses apart', () => {
    expect(readMessage('{"jsonrpc":"2.0","id":"x","method":"m","params":{"a":1}}')).toMatchObject({
      kind: 'request',
      id: 'x',
    });
    expect(readMessage('{"jsonrpc":"2.0","method":"notifications/m"}')).toMatchObject({
      kind: 'notification',
      params: {},
    });
    expect(readMessage('{"jsonrpc":"2.0","id":1,"result":{}}')).toMatchObject({
      kind: 'response',
      result: {},
    });
    expect(readMessage('{"jsonrpc":"2.0","id":null,"error":{"code":1}}')).toMatchObject({
      kind: 'response',
      id: null,
    });
  });

  it.each([
    '',
    'null',
    '7',
    '[]',
    '{"jsonrpc":"2.0"}',
    '{"jsonrpc":"2.0","id":{},"method":"m"}',
    '{"jsonrpc":"2.0","id":1,"method":"m","params":[1]}',
  ])('refuses %s', (text) => {
    expect(() => readMessage(text)).toThrow(/Invalid request|Parse error/);
  });
});

describe('repeatsMember', () => {
  it('never objects to what has no repeated member, however it is written', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), fc.constantFrom(0, 1, '\t'), (value, space) => {
        expect(repeatsMember(JSON.stringify(value, null, space))).toBe(false);
      }),
    );
  });

  it.each([
    '{"a":1,"a":2}',
    '{"a":{"b":1,"c":[{"d":1,"d":2}]}}',
    '{"a":1,"\\u0061":2}',
    '{"x":"a\\"","y":1,"x":2}',
    '{"":1,"":2}',
  ])('objects to %s', (text) => {
    expect(repeatsMember(text)).toBe(true);
  });

  it('objects to nesting nobody needs', () => {
    expect(repeatsMember('['.repeat(500) + ']'.repeat(500))).toBe(true);
  });
});

describe('revision', () => {
  const meta = { _meta: { 'io.modelcontextprotocol/protocolVersion': '2026-07-28' } };
  const message = readMessage(
    JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'größe', ...meta } }),
  );

  it('takes the header first, then the body', () => {
    expect(eraOf({}, message)).toBe('stateless');
    expect(eraOf({ 'mcp-protocol-version': '2025-11-25' }, message)).toBe('session');
    expect(eraOf({}, readMessage('{"jsonrpc":"2.0","id":1,"method":"initialize"}'))).toBe('session');
  });

  it('decodes the Base64 form before it compares', () => {
    const name = `=?base64?${Buffer.from('größe').toString('base64')}?=`;
    const headers = { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': name };
    expect(() => checkMirrors(headers, message)).not.toThrow();
    expect(() => checkMirrors({ ...headers, 'mcp-name': 'groesse' }, message)).toThrow(
      'Header mismatch: Mcp-Name',
    );
    expect(() => checkMirrors({ ...headers, 'mcp-name': undefined }, message)).toThrow(
      'Mcp-Name header is missing',
    );
    expect(decodeValue('=?base64?%%%?=')).toBeUndefined();
  });
});
