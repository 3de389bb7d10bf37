import { describe, expect, it } from 'vitest';
import { toDeadLetter } from './dead-letter.js';
import { DecodeError } from './errors.js';
import { decodeActivity, decodeDeadLetter, encodeDeadLetter } from './records.js';
import { LIMITS } from './types.js';

const AT_MS = Date.UTC(2026, 0, 1);
const record = {
  topic: 'driftline.activity.v1',
  partition: 3,
  offset: 42,
  key: Buffer.from('key'),
  value: Buffer.from('poison'),
};

describe('toDeadLetter', () => {
  it('keeps code, reason, place and original bytes', () => {
    let error: unknown;
    try {
      decodeActivity(record.value);
    } catch (thrown) {
      error = thrown;
    }
    const letter = toDeadLetter(record, error, AT_MS);
    expect(letter).toStrictEqual({
      ...record,
      code: 'DL_WIRE_FRAMING',
      reason: (error as Error).message,
      at: AT_MS,
      valueBytes: 6,
    });
    expect(decodeDeadLetter(encodeDeadLetter(letter))).toStrictEqual(letter);
  });

  it.each<[string, unknown, string]>([
    ['an error without code', new TypeError('x is not a function'), 'DL_UNKNOWN'],
    ['a code that is a number', Object.assign(new Error('boom'), { code: 7 }), 'DL_UNKNOWN'],
    [
      'a code longer than a code',
      Object.assign(new Error('boom'), { code: 'C'.repeat(500) }),
      'C'.repeat(64),
    ],
    ['a message longer than a reason', new DecodeError('DL_WIRE_LIMIT', '🧾'.repeat(9_000)), 'DL_WIRE_LIMIT'],
    ['a message with half a character', new DecodeError('DL_WIRE_TEXT', 'a\ud800'), 'DL_WIRE_TEXT'],
    ['a thrown text', 'boom', 'DL_UNKNOWN'],
    ['nothing', undefined, 'DL_UNKNOWN'],
  ])('can always be written: %s', (_what, error, code) => {
    expect(decodeDeadLetter(encodeDeadLetter(toDeadLetter(record, error, AT_MS))).code).toBe(code);
  });

  it('cuts what would not fit the log, and says so', () => {
    const value = Buffer.alloc(LIMITS.deadLetterValueBytes + 1, 7);
    const key = Buffer.alloc(LIMITS.deadLetterKeyBytes + 1, 8);
    const letter = decodeDeadLetter(
      encodeDeadLetter(toDeadLetter({ ...record, key, value }, new Error('large'), AT_MS)),
    );
    expect(letter.value).toHaveLength(LIMITS.deadLetterValueBytes);
    expect(letter.key).toHaveLength(LIMITS.deadLetterKeyBytes);
    expect(letter.valueBytes).toBe(value.length);
  });

  it('takes a tombstone', () => {
    const letter = toDeadLetter({ ...record, key: null, value: null }, new Error('no value'), AT_MS);
    expect(decodeDeadLetter(encodeDeadLetter(letter))).toMatchObject({
      key: null,
      value: Buffer.alloc(0),
      valueBytes: 0,
    });
  });
});
