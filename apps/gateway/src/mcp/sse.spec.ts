import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { eventBytes, SseSplitter, type SseBlock } from './sse.js';

function split(stream: Buffer, cuts: number[] = []): SseBlock[] {
  const splitter = new SseSplitter(1_000_000);
  const edges = [...new Set([0, ...cuts.map((cut) => cut % (stream.length + 1)), stream.length])].sort(
    (a, b) => a - b,
  );
  return edges.slice(1).flatMap((end, index) => splitter.push(stream.subarray(edges[index], end)));
}

const PIECES = [
  'data: {"a":1}\n',
  'data: ü☃\r\n',
  'id: 7\n',
  'event: message\r',
  ':\n',
  ': ping\r\n',
  '\n',
  '\r\n',
  '\r',
  'retry: 5\n',
  'data:\n',
];

describe('SseSplitter', () => {
  it('reads data, other fields and comments', () => {
    const blocks = split(Buffer.from(': hi\n\nid: 1\ndata: a\ndata:b\n\n'));
    expect(blocks.map(({ data, other }) => ({ data, other }))).toEqual([
      { data: null, other: [': hi'] },
      { data: null, other: [] },
      { data: 'a\nb', other: ['id: 1'] },
    ]);
  });

  it('passes a lone comment at once, without an empty line after it', () => {
    expect(split(Buffer.from(':\ndata: x'))).toHaveLength(1);
  });

  it('loses no byte and finds the same events wherever the chunks are cut', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...PIECES), { maxLength: 20 }),
        fc.array(fc.nat(), { maxLength: 10 }),
        (pieces, cuts) => {
          const stream = Buffer.from(`${pieces.join('')}\n\nx`);
          const whole = split(stream);
          const cut = split(stream, cuts);
          expect(cut.map(({ data }) => data)).toEqual(whole.map(({ data }) => data));
          expect(Buffer.concat(cut.map(({ raw }) => raw)).equals(stream.subarray(0, -1))).toBe(true);
        },
      ),
    );
  });

  it('reads past a byte-order mark before the first line, and only there', () => {
    const stream = Buffer.from('\ufeffdata: a\n\n\ufeffdata: b\n\n');
    for (const cuts of [[], [1], [2, 5]]) {
      const blocks = split(stream, cuts);
      expect(blocks.map(({ data }) => data)).toEqual(['a', null]);
      expect(Buffer.concat(blocks.map(({ raw }) => raw))).toEqual(stream);
    }
  });

  it('refuses an event beyond the limit', () => {
    const splitter = new SseSplitter(10);
    expect(() => splitter.push(Buffer.from('data: 123456789'))).toThrow('larger than 10 bytes');
  });

  it('keeps the id when data is replaced', () => {
    const [block] = split(Buffer.from('id: 9\nevent: message\ndata: {"secret":1}\n\n'));
    expect(eventBytes({ ok: true }, block!.other).toString()).toBe(
      'id: 9\nevent: message\ndata: {"ok":true}\n\n',
    );
  });
});
