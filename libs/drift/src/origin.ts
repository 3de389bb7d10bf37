/**
 * Where a value came from, in one number: 40 bits of its print, then what is known of it. A list of them in order is a
 * set that is searched by halving and copied like numbers are. 40 bits tell a few thousand values apart: nobody without
 * the tenant's key can make two meet, and by chance they do once in 10⁹ look-ups.
 */

/** What is known of a value's origin. */
export interface Origin {
  /** Times it came out of running text: 0 = the intent, or fields of records all the way. At most 3. */
  level: number;
  /** Who stands behind the text: nobody, the intent by naming the source, or by naming its author or delegating. */
  voucher: Voucher;
  /** The sentence around it, or the one beside it, told the reader to do something. */
  imperative: boolean;
  /** Stood on a line, label or cell of its own within somebody's text: neither a field of a record nor in prose. */
  line: boolean;
  /** Who wrote it is not known to be one of us. */
  foreign: boolean;
  /** Somebody nobody vouches for told the reader to do something with it, wherever else it stood. */
  asked: boolean;
  /** Names a target by itself: an address, a site, an account, a path, an id. */
  strong: boolean;
  /** Place in the lineage's list of sources. */
  source: number;
}

export const VOUCHER = { nobody: 0, named: 1, meant: 2 } as const;
export type Voucher = (typeof VOUCHER)[keyof typeof VOUCHER];

const MAX_LEVEL = 3;
export const MAX_SOURCES = 15;
/** Below it is what is known, above it the print. */
export const SPREAD = 2 ** 13;
/** Worse is greater: level first, then who vouches, then whether it stood in prose; then the rest. */
const LEVEL_BITS = 11;
const LEVEL = 2 ** LEVEL_BITS;
const NOBODY_BITS = 9;
const NOBODY = 2 ** NOBODY_BITS;
const PROSE = 2 ** 8;
const IMPERATIVE = 2 ** 7;
const ASKED = 2 ** 6;
const FOREIGN = 2 ** 5;
const STRONG = 2 ** 4;
const SOURCE = 2 ** 4 - 1;
const STANDING = LEVEL * 3 + NOBODY * 3 + PROSE;

/** Digits of a print that are kept: 40 bits. */
const PRINT_DIGITS = 10;

/** The number a print begins, without anything known. By hand, as there may be many: `parseInt` of a slice takes ten times as long. */
export function keyOf(print: string): number {
  return (bitsOf(print, 0) * HALF + bitsOf(print, PRINT_DIGITS / 2)) * SPREAD;
}

/** Half of the digits that are kept, as 20 bits. */
function bitsOf(print: string, from: number): number {
  let bits = 0;
  for (let at = from; at < from + PRINT_DIGITS / 2; at++) {
    const code = print.charCodeAt(at);
    bits = (bits << 4) | (code <= CODE_OF_9 ? code - CODE_OF_0 : (code | LOWER_CASE) - CODE_OF_A + 10);
  }
  return bits;
}
const HALF = 2 ** 20;
const CODE_OF_0 = 0x30;
const CODE_OF_9 = 0x39;
const CODE_OF_A = 0x61;
const LOWER_CASE = 0x20;

export function packed({ level, voucher, imperative, line, foreign, asked, strong, source }: Origin): number {
  return packedOf(level, voucher, imperative, line, foreign, asked, strong, source);
}

/** Likewise, of each field by itself, in their order. */
export function packedOf(
  level: number,
  voucher: Voucher,
  imperative: boolean,
  line: boolean,
  foreign: boolean,
  asked: boolean,
  strong: boolean,
  source: number,
): number {
  return (
    Math.min(level, MAX_LEVEL) * LEVEL +
    (VOUCHER.meant - voucher) * NOBODY +
    (line ? 0 : PROSE) +
    (imperative ? IMPERATIVE : 0) +
    (asked ? ASKED : 0) +
    (foreign ? FOREIGN : 0) +
    (strong ? STRONG : 0) +
    Math.min(source, MAX_SOURCES)
  );
}

/** Of an entry, or of what `packed` gave. */
export function unpacked(entry: number): Origin {
  const known = knownOf(entry);
  return {
    level: known >>> LEVEL_BITS,
    voucher: (VOUCHER.meant - ((known >>> NOBODY_BITS) & 3)) as Voucher,
    imperative: (known & IMPERATIVE) !== 0,
    asked: (known & ASKED) !== 0,
    line: (known & PROSE) === 0,
    foreign: (known & FOREIGN) !== 0,
    strong: (known & STRONG) !== 0,
    source: known & SOURCE,
  };
}

/** What is known, without the print. Exact, and far faster than the remainder of numbers that large. */
export function knownOf(entry: number): number {
  return (entry - printOf(entry)) | 0;
}

/** The print, without what is known. */
function printOf(entry: number): number {
  return Math.floor(entry / SPREAD) * SPREAD;
}

/** Came out of text, or somebody asked for it: what must never be forgotten to the agent's advantage. */
export function isTainted(entry: number): boolean {
  const known = knownOf(entry);
  return known >= LEVEL || (known & ASKED) !== 0;
}

/** Somebody nobody vouches for told the reader to do something with it. */
export function wasAsked(entry: number): boolean {
  return (knownOf(entry) & ASKED) !== 0;
}

/** The same with that known of it. */
export function withAsked(entry: number): number {
  return wasAsked(entry) ? entry : entry + ASKED;
}

/** How often it came out of text, 0–3. */
export function levelOf(entry: number): number {
  return knownOf(entry) >>> LEVEL_BITS;
}

/** What is known, as if it had come out of text at least once. */
export function outOfText(known: number): number {
  return known < LEVEL ? known + LEVEL : known;
}

export function isVouched(entry: number): boolean {
  return ((knownOf(entry) >>> NOBODY_BITS) & 3) !== VOUCHER.meant - VOUCHER.nobody;
}

/** Somebody stands behind it at least by naming the source. */
export function vouched(entry: number): number {
  return isVouched(entry) ? entry : entry - (VOUCHER.named - VOUCHER.nobody) * NOBODY;
}

export function isStrong(entry: number): boolean {
  return (knownOf(entry) & STRONG) !== 0;
}

/** How much is said against a target out of text, 0–3: that nobody stands behind it, and that the reader is told to act. */
export function gravityOf(entry: number): number {
  const known = knownOf(entry);
  return (isVouched(known) ? 0 : 2) + ((known & (IMPERATIVE | ASKED)) === 0 ? 0 : 1);
}

/**
 * Two origins of one value: the lesser level counts, then who vouches for it, then a line of its own before prose. Among
 * equals what speaks against it stays.
 * That somebody asked for it stays in any case. Order-free.
 */
export function together(a: number, b: number): number {
  const x = knownOf(a);
  const y = knownOf(b);
  const standingX = x & STANDING;
  const standingY = y & STANDING;
  const asked = (x | y) & ASKED;
  if (standingX !== standingY) return a - x + ((standingX < standingY ? x : y) | asked | ((x | y) & STRONG));
  const excuses = x & y & FOREIGN;
  const charges = (x | y) & (IMPERATIVE | ASKED | STRONG);
  return a - x + (standingX | charges | excuses | Math.min(x & SOURCE, y & SOURCE));
}

/** The entry of this print; -1 when there is none. Ordered list, halved. */
export function entryOf(entries: readonly number[], key: number): number {
  let low = 0;
  let high = entries.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((entries[middle] as number) < key) low = middle + 1;
    else high = middle;
  }
  const found = entries[low];
  return found !== undefined && found < key + SPREAD ? found : -1;
}

/**
 * What stands first in a list for all that had to go, without a print: the worst that is known of it. 0 = nothing went.
 */
export function restOf(entries: readonly number[]): number {
  const first = entries[0];
  return first !== undefined && first < SPREAD ? first : 0;
}

/** Both ordered lists as one, each print once. The longer one is copied as it is: the whole is never shorter. */
export function merged(a: readonly number[], b: readonly number[]): number[] {
  const all = a.length >= b.length ? a.slice() : b.slice();
  const room = all.length;
  let size = 0;
  let i = 0;
  let j = 0;
  let x = entryAt(a, 0);
  let y = entryAt(b, 0);
  let printX = printOf(x);
  let printY = printOf(y);
  while (i < a.length || j < b.length) {
    const order = printX - printY;
    const next = order === 0 ? together(x, y) : order < 0 ? x : y;
    if (size < room) all[size] = next;
    else all.push(next);
    size += 1;
    if (order <= 0) printX = printOf((x = entryAt(a, (i += 1))));
    if (order >= 0) printY = printOf((y = entryAt(b, (j += 1))));
  }
  return all;
}

/** Past the end comes what is greater than any entry, and a number that can be taken from. */
function entryAt(entries: readonly number[], at: number): number {
  return at < entries.length ? (entries[at] as number) : Number.MAX_VALUE;
}

/** An ordered list of entries in any order, each print once. Changes `entries`. */
export function ordered(entries: number[]): number[] {
  sort(entries);
  let size = 0;
  for (let i = 0; i < entries.length; i++) {
    const entry = entries[i] as number;
    const last = size === 0 ? -1 : (entries[size - 1] as number);
    if (last >= 0 && printOf(last) === printOf(entry)) entries[size - 1] = together(last, entry);
    else {
      entries[size] = entry;
      size += 1;
    }
  }
  return size === entries.length ? entries : entries.slice(0, size);
}

/** Up to so many entries, as nearly every result has, are put in order one by one: faster than asking for it. */
const FEW = 32;

function sort(entries: number[]): void {
  if (entries.length > FEW) {
    const sorted = new Float64Array(entries).sort();
    for (let i = 0; i < sorted.length; i++) entries[i] = sorted[i] as number;
    return;
  }
  for (let i = 1; i < entries.length; i++) {
    const entry = entries[i] as number;
    let at = i;
    for (; at > 0 && (entries[at - 1] as number) > entry; at--) entries[at] = entries[at - 1] as number;
    entries[at] = entry;
  }
}
