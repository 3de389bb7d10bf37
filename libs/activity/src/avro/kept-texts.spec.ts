import { describe, expect, it } from 'vitest';
import { KeptTexts } from './kept-texts.js';
import type { BufferSlices } from './tap.js';

/** As a field reads it: found, or made and kept. */
function read(kept: KeptTexts, bytes: Buffer): { text: string; found: boolean } {
  const padded = Buffer.concat([Buffer.from('<<'), bytes, Buffer.from('>>')]) as BufferSlices;
  const end = 2 + bytes.length;
  const known = kept.find(padded, 2, end);
  if (known !== null) return { text: known, found: true };
  const text = padded.utf8Slice(2, end);
  kept.keep(text, padded, 2, end);
  return { text, found: false };
}

describe('texts that come again', () => {
  it('are found, and are what the bytes say, whatever else hashes alike', () => {
    const kept = new KeptTexts();
    const texts = Array.from({ length: 400 }, (_, i) => `path/${i % 20}/report-${Math.floor(i / 20)}.md`);
    let found = 0;
    for (let round = 0; round < 3; round += 1) {
      for (const text of texts) {
        const answer = read(kept, Buffer.from(text));
        expect(answer.text).toBe(text);
        if (answer.found) found += 1;
      }
    }
    expect(found).toBeGreaterThan(200);
  });

  it('that are not ASCII, or long, are never kept; bytes that are not ASCII are no kept text', () => {
    const kept = new KeptTexts();
    for (const text of ['größe', '日本語', 'x'.repeat(33)]) {
      expect(read(kept, Buffer.from(text))).toEqual({ text, found: false });
      expect(read(kept, Buffer.from(text))).toEqual({ text, found: false });
    }
    expect(read(kept, Buffer.from('abcd')).found).toBe(false);
    expect(read(kept, Buffer.from('abcd')).found).toBe(true);
    const high = Buffer.from('abcd').map((byte) => byte | 0x80);
    expect(read(kept, Buffer.from(high)).found).toBe(false);
    expect(read(kept, Buffer.alloc(0)).text).toBe('');
  });

  it('a field whose texts never come again is left alone, and tried again later', () => {
    const kept = new KeptTexts();
    for (let i = 0; i < 3_000; i += 1) read(kept, Buffer.from(`id-${i}`));
    read(kept, Buffer.from('files'));
    expect(read(kept, Buffer.from('files')).found).toBe(false);
    let found = 0;
    for (let i = 0; i < 600_000; i += 1) found += read(kept, Buffer.from('files')).found ? 1 : 0;
    expect(found).toBeGreaterThan(100_000);
  });
});
