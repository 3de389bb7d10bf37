import { describe, expect, it } from 'vitest';
import { StoreError } from '../errors.js';
import { parseNode } from './client.js';
import { toStoreError } from './errors.js';
import { Keys, globLiteral } from './keys.js';
import { decodePending, encodeEntry } from './pending.js';

describe('nodes', () => {
  it.each([
    ['redis.test:7000', { host: 'redis.test', port: 7000 }],
    ['[::1]:7000', { host: '::1', port: 7000 }],
    ['redis.test', { host: 'redis.test', port: 6379 }],
  ])('reads %s', (text, node) => {
    expect(parseNode(text)).toEqual(node);
  });

  it('refuses what is none', () => {
    expect(() => parseNode('a:b:c')).toThrow('expected host:port');
  });
});

describe('errors', () => {
  const refused = new Error('connect ECONNREFUSED 127.0.0.1:6379');
  it.each([
    ["Stream isn't writeable and enableOfflineQueue options is false", 'DL_STORE_UNAVAILABLE', true],
    ['Connection is closed.', 'DL_STORE_TIMEOUT', true],
    ['Command timed out', 'DL_STORE_TIMEOUT', true],
    ["OOM command not allowed when used memory > 'maxmemory'.", 'DL_STORE_UNAVAILABLE', true],
    ["READONLY You can't write against a read only replica.", 'DL_STORE_UNAVAILABLE', true],
    ['NOPERM this user has no permissions', 'DL_STORE_DENIED', false],
    ['WRONGTYPE Operation against a key', 'DL_STORE_CORRUPT', false],
  ])('%s → %s', (message, code, retryable) => {
    const error = toStoreError('a commit', new Error(message), refused);
    expect(error).toMatchObject({
      code,
      retryable,
      message: expect.stringContaining('a commit in Redis') as string,
    });
  });

  it('tell why there is no connection, and wrong credentials as such', () => {
    const notSent = new Error("Stream isn't writeable and enableOfflineQueue options is false");
    expect(toStoreError('a view', notSent, refused).message).toContain('ECONNREFUSED');
    expect(toStoreError('a view', notSent, new Error('WRONGPASS invalid')).code).toBe('DL_STORE_DENIED');
    const own = new StoreError('DL_STORE_CLOSED', 'closed');
    expect(toStoreError('a view', own, null)).toBe(own);
  });
});

describe('keys', () => {
  it('put everything of a partition behind one hash tag', () => {
    const keys = new Keys('dl');
    const of = 'activity/3' as const;
    const names = [
      keys.marker(of),
      keys.currency(of),
      keys.state(of, '{x}'),
      keys.pending(of, '}'),
      keys.task(of, 't'),
    ];
    expect(names.map((name) => /\{(.*?)\}/.exec(name)?.[1])).toEqual(names.map(() => 'activity/3'));
    expect(new Set(names).size).toBe(names.length);
  });

  it('escape what a glob would read', () => {
    expect(globLiteral('dl:{a/1}:s:*?[x]^\\')).toBe('dl:{a/1}:s:\\*\\?\\[x\\]\\^\\\\');
  });
});

describe('pending entries', () => {
  it('come back in order, whatever order the hash has', () => {
    const entry = (id: string) => ({
      id,
      activity: Buffer.from([0, 255, id.length]),
      atMs: 1_764_000_000_000,
    });
    const stored = (order: number, id: string) => [
      Buffer.from(`e${id}`),
      Buffer.concat([Buffer.from(String(order).padStart(16, '0')), encodeEntry(entry(id))]),
    ];
    const hash = [
      ...stored(10, '+'),
      Buffer.from('+'),
      Buffer.from('10'),
      ...stored(9, '#'),
      Buffer.from('#'),
      Buffer.from('s'),
    ];
    expect(decodePending(hash)).toEqual({ entries: [entry('#'), entry('+')], stamp: Buffer.from('s') });
  });
});
