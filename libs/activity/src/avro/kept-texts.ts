import type { BufferSlices } from './tap.js';

/** Longer texts are made faster than they are compared. */
const BYTES_MAX = 32;
/** Of one field: names of tools, servers, classes and places are far fewer. A power of two. */
const SLOTS = 512;
/** A field whose texts do not come again (ids) is found out after so many, and then left alone. */
const TRIAL = 2_048;
const WORTH = TRIAL / 4;
/** How many texts it is left alone for, before it is tried again. */
const REST = 128 * TRIAL;

/**
 * Short ASCII texts of one field that came before, so that a text which comes again is the same string: nothing is made,
 * and maps and comparisons know it at once. Bounded: a text that hashes like another takes its place.
 */
export class KeptTexts {
  private slots: string[] | null = null;
  private tries = 0;
  private found = 0;

  /** The text that stands there if it is short, ASCII and was kept before; otherwise null, and `keep` may follow. */
  find(bytes: BufferSlices, start: number, end: number): string | null {
    const length = end - start;
    if (length > BYTES_MAX) return null;
    this.tries += 1;
    if (this.tries > TRIAL) {
      if (this.found < WORTH && this.tries < REST) return null;
      this.tries = this.found = 0;
    }
    const kept = this.slots === null ? '' : this.slots[slotOf(bytes, start, end)]!;
    if (kept.length !== length) return null;
    // A byte that is not ASCII equals no kept character.
    for (let i = 0; i < length; i += 1) if (kept.charCodeAt(i) !== bytes[start + i]) return null;
    this.found += 1;
    return kept;
  }

  /** Valid text that was made of these bytes. */
  keep(text: string, bytes: BufferSlices, start: number, end: number): void {
    // As many characters as bytes: ASCII.
    if (text.length !== end - start || text.length > BYTES_MAX || this.tries > TRIAL) return;
    this.slots ??= Array.from({ length: SLOTS }, () => '');
    this.slots[slotOf(bytes, start, end)] = text;
  }
}

function slotOf(bytes: BufferSlices, start: number, end: number): number {
  let hash = end - start;
  for (let i = start; i < end; i += 1) hash = (Math.imul(hash, 31) + bytes[i]!) | 0;
  return (hash ^ (hash >>> 10)) & (SLOTS - 1);
}
