/** From text to values: which ones, where they stood, in what mood and by whom. Linear in the text, bounded in output. */
import type { Standing, Value, ValueKind } from '#activity/types';
import { cutBytes } from './chars.js';
import type { Fingerprinter } from './fingerprint.js';
import { classifyWhole, type Classified } from './kinds.js';
import { MAX_AT_BYTES, MAX_PHRASES, MAX_TEXT_CHARS, MOOD_REACH_UNITS } from './limits.js';
import { contentWords, namesIn, phrases } from './names.js';
import { textForm, type Family, type Plain } from './normal.js';
import { leavesOf, type Leaf, type Leaves } from './structure.js';
import { visitUnits, type Unit } from './units.js';

export interface ExtractOptions {
  standing: 'result' | 'argument' | 'intent';
  /** Most values returned; the rest is counted. */
  maxValues: number;
  /** Prefix of `at`. */
  at?: string;
  author?: string | null;
  /** What a text says of its own author is believed: it is the organisation's. */
  believed?: boolean;
  /** Told of each unit as it is read, with the fingerprint of who wrote the record around it. */
  visit?: (unit: Unit, author: () => string | null) => void;
}

export interface Extracted {
  values: Value[];
  valuesDropped: number;
  /** Kinds met anywhere, also among what was dropped: data classes follow from them. */
  kinds: ReadonlySet<ValueKind>;
  /** Top-level items when the text or value is a list. */
  records: number;
}

/** What is the same for all values of a unit or leaf. */
interface Circumstances {
  standing: Standing;
  at: string;
  imperative: boolean;
  author: Plain | null;
}

interface Candidate extends Circumstances {
  plain: Plain;
}

/** What names a target by itself. */
const STRONG = new Set<ValueKind>(['email', 'url', 'host', 'iban', 'account', 'card', 'phone']);
const RANKS = 5;

/** Lower is kept first: instructions with a target, then targets, then ids and paths, names, and the rest. */
function rankOf(kind: ValueKind, standing: Standing, imperative: boolean): number {
  if (STRONG.has(kind)) return standing === 'prose' && imperative ? 0 : 1;
  if (kind === 'id' || kind === 'path') return standing === 'prose' && !imperative ? 3 : 2;
  if (kind === 'amount') return 4;
  return standing === 'prose' && !imperative ? 4 : 3;
}

const STANDINGS: Record<Standing, number> = { intent: 0, argument: 1, field: 2, prose: 3, line: 4 };

/** How a value stands in its leaf: it is all of it, a line, label or cell of it, or within running prose. */
type Place = 'whole' | 'line' | 'prose';

function standingOf(source: ExtractOptions['standing'], place: Place): Standing {
  if (source === 'intent') return 'intent';
  if (place === 'whole') return source === 'argument' ? 'argument' : 'field';
  return place;
}

/** An argument of one line and at most this many characters without prose is a list of what it holds. */
const LIST_CHARS = 256;

/** Small numbers in place of long texts, so that keys stay short. */
class Numbers {
  private readonly known = new Map<string, number>();
  private last: string | null = null;
  private lastNumber = 0;

  of(text: string | null): number {
    if (text === null) return 0;
    if (text === this.last) return this.lastNumber;
    let number = this.known.get(text);
    if (number === undefined) this.known.set(text, (number = this.known.size + 1));
    this.last = text;
    return (this.lastNumber = number);
  }
}

const FAMILIES: Record<Family, number> = { email: 0, web: 1, number: 2, code: 3, path: 4, text: 5 };
/** At least families times standings. */
const SORTS = 64;

/** Candidates of one rank, by sort and value. Joining the two to one key for every word would cost more than all else. */
class Rank {
  readonly list: { candidate: Candidate; sort: number }[] = [];
  private readonly bySort = new Map<number, Map<string, Candidate>>();

  find(sort: number, normal: string): Candidate | undefined {
    return this.bySort.get(sort)?.get(normal);
  }

  keep(sort: number, candidate: Candidate): void {
    let alike = this.bySort.get(sort);
    if (alike === undefined) this.bySort.set(sort, (alike = new Map()));
    alike.set(candidate.plain.normal, candidate);
    this.list.push({ candidate, sort });
  }
}

/** Keeps the first `max` of each rank, so that no padding of one rank pushes out another. */
class Collector {
  readonly kinds = new Set<ValueKind>();
  dropped = 0;
  private readonly ranks: (Rank | undefined)[] = [];
  private readonly origins = new Numbers();

  constructor(
    private readonly max: number,
    private readonly byPlace: boolean,
  ) {}

  /** With the value it is what makes two candidates one: family, standing, and author or, in arguments, place; not the mood. */
  private sortOf(family: Family, { standing, author, at }: Circumstances): number {
    const origin = this.origins.of(this.byPlace ? at : (author?.normal ?? null));
    return origin * SORTS + STANDINGS[standing] * 8 + FAMILIES[family];
  }

  add(plain: Plain, from: Circumstances): void {
    const { standing, imperative } = from;
    this.kinds.add(plain.kind);
    const rank = (this.ranks[rankOf(plain.kind, standing, imperative)] ??= new Rank());
    const sort = this.sortOf(plain.family, from);
    const known = rank.find(sort, plain.normal);
    if (known !== undefined) known.imperative ||= imperative;
    else if (rank.list.length >= this.max) this.dropped++;
    else {
      const { at, author } = from;
      rank.keep(sort, { plain, standing, at, imperative, author });
    }
  }

  /** The worst first, at most `max`. A value met in both moods at one standing is kept in the worse. */
  finish(): Candidate[] {
    const kept = new Rank();
    for (let rank = 0; rank < RANKS; rank++)
      for (const { candidate, sort } of this.ranks[rank]?.list ?? []) {
        const known = kept.find(sort, candidate.plain.normal);
        if (known === undefined) kept.keep(sort, candidate);
        else known.imperative ||= candidate.imperative;
      }
    this.dropped += Math.max(0, kept.list.length - this.max);
    return kept.list.slice(0, this.max).map(({ candidate }) => candidate);
  }
}

/** Numbers whose field or label says what they are. The family stays, so the fingerprint does too. */
function hinted(value: Classified, hint: string): Plain {
  if (value.kind !== 'id' || value.family !== 'number') return value;
  if (/acc(?:oun)?t|iban|konto|routing|sort.?code/i.test(hint)) return { ...value, kind: 'account' };
  return /phone|mobile|\btel\b|fax|whatsapp/i.test(hint) ? { ...value, kind: 'phone' } : value;
}

class Extraction {
  readonly collector: Collector;
  private phrasesLeft = MAX_PHRASES;
  private readonly authors = new Map<string, Plain | null>();

  constructor(
    private readonly options: ExtractOptions,
    private readonly printer: Fingerprinter,
  ) {
    this.collector = new Collector(options.maxValues, options.standing === 'argument');
  }

  leaf(leaf: Leaf): void {
    const author = this.authorOf(leaf.author);
    const whole = leaf.field && leaf.text.length <= 2_048 ? classifyWhole(leaf.text.trim()) : null;
    if (whole !== null) this.put(whole, { leaf, author, place: 'whole', imperative: false, hint: leaf.key });
    // One value, or one word: nothing more is in it.
    if (whole !== null && (whole.family !== 'text' || !/\s/.test(leaf.text))) return;
    this.units(leaf, author);
  }

  private units(leaf: Leaf, outer: Plain | null): void {
    let author = outer;
    visitUnits(leaf.text, MOOD_REACH_UNITS, (unit) => {
      this.collector.dropped += unit.oversize;
      // A header line names the author of what follows, unless the record around the text has named one.
      if (outer === null && /^(?:from|sender|author)$/i.test(unit.label))
        author = this.options.believed === true ? this.authorOf(unit.text) : this.claimed(unit.text);
      this.unit(leaf, unit, author);
    });
  }

  private unit(leaf: Leaf, unit: Unit, author: Plain | null): void {
    this.options.visit?.(unit, () => (author === null ? null : this.printer.print(author)));
    const { prose, imperative } = unit;
    const { standing } = this.options;
    const isList = standing === 'argument' && leaf.text.length <= LIST_CHARS && !leaf.text.includes('\n');
    const place = prose ? 'prose' : isList ? 'whole' : 'line';
    const hint = unit.label === '' ? leaf.key : unit.label;
    const put = (value: Classified): void => this.put(value, { leaf, author, place, imperative, hint });
    const whole = prose || unit.text.length > MAX_TEXT_CHARS ? null : classifyWhole(unit.text.trim());
    if (whole !== null && this.options.standing !== 'intent') put(whole);
    for (const token of unit.tokens)
      if (token.value !== null && (!token.value.weak || token.quoted)) put(token.value);
    namesIn(unit.text, unit.tokens, put);
    if (this.options.standing === 'intent') contentWords(unit.tokens, put);
    if (this.options.standing === 'result' && prose && imperative) this.phrases(unit, put);
  }

  /** What an instruction names in plain words; only so many, for they name nothing by themselves. */
  private phrases(unit: Unit, put: (value: Classified) => void): void {
    phrases(unit.tokens, (value) => {
      if (this.phrasesLeft-- > 0) put(value);
    });
  }

  private put(
    value: Classified,
    from: { leaf: Leaf; author: Plain | null; place: Place; imperative: boolean; hint: string },
  ): void {
    const { leaf, author, place, imperative, hint } = from;
    const { standing: source } = this.options;
    const standing = standingOf(source, place);
    const mood = source === 'result' && imperative;
    const circumstances = { standing, at: leaf.at, imperative: mood, author };
    this.collector.add(hinted(value, hint), circumstances);
    if (value.host !== undefined)
      this.collector.add({ kind: 'host', family: 'web', normal: value.host }, circumstances);
    if (source === 'argument' && value.kind === 'path') {
      const name = value.normal.slice(value.normal.lastIndexOf('/') + 1);
      if (name !== value.normal && name.includes('.'))
        this.collector.add({ kind: 'path', family: 'path', normal: name }, circumstances);
      const folder = value.normal.slice(0, value.normal.lastIndexOf('/'));
      if (folder !== '') this.collector.add({ kind: 'path', family: 'path', normal: folder }, circumstances);
    }
  }

  /** Who wrote the record, and under `#author` the other names of the same: display name, parts of the address. */
  private authorOf(text: string | null): Plain | null {
    if (text === null || this.options.standing !== 'result') return null;
    const known = this.authors.get(text);
    if (known !== undefined) return known;
    const address = /[^\s<>"',;:()]{1,64}@[^\s<>"',;:()]{1,253}/.exec(text.slice(0, 320))?.[0];
    const email = address === undefined ? null : classifyWhole(address);
    const display = text.slice(0, 320).replace(/<.*$/s, '').trim();
    const author = email?.kind === 'email' ? email : classifyWhole(display);
    if (this.authors.size < this.options.maxValues) this.authors.set(text, author);
    if (author !== null) this.aliases(author, email?.kind === 'email' ? display : '');
    return author;
  }

  /**
   * Who a text of unknown origin says it is from. It parts one author's words from another's, and is nobody that
   * anybody could mean: the fingerprint is of the claim.
   */
  private claimed(text: string): Plain | null {
    const normal = this.options.standing === 'result' ? textForm(text.slice(0, MAX_TEXT_CHARS)) : '';
    return normal === '' ? null : { kind: 'text', family: 'text', normal: `${CLAIM}${normal}` };
  }

  private aliases(author: Plain, display: string): void {
    const local = author.kind === 'email' ? author.normal.slice(0, author.normal.lastIndexOf('@')) : '';
    const shown = display.includes('@') ? '' : display;
    const parts = [shown, ...shown.split(/\s+/), ...local.split(/[^\p{L}]+/u)];
    if (author.family === 'text') parts.push(...author.normal.split(/\s+/));
    for (const part of parts.slice(0, 8)) {
      const normal = textForm(part);
      if (normal.length < 3 || normal.length > MAX_TEXT_CHARS || normal === author.normal) continue;
      const plain: Plain = { kind: 'name', family: 'text', normal };
      this.collector.add(plain, { standing: 'field', at: AUTHOR_ALIAS, imperative: false, author });
    }
  }
}

/** No value's normal form begins with a mark. */
const CLAIM = '? ';

/** `Value.at` of another name of the author: the value's `author` is the one it belongs to. */
export const AUTHOR_ALIAS = '#author';

function sealed(candidate: Candidate, printer: Fingerprinter): Value {
  const { plain, standing, at, imperative, author } = candidate;
  const print = printer.print(plain);
  return {
    kind: plain.kind,
    print,
    standing,
    at,
    imperative,
    author: author === null ? null : printer.print(author),
  };
}

/** Values of leaves already taken apart. */
export function extractLeaves(leaves: Leaves, printer: Fingerprinter, options: ExtractOptions): Extracted {
  const extraction = new Extraction(options, printer);
  for (const leaf of leaves.list)
    extraction.leaf(options.standing === 'argument' ? { ...leaf, field: true } : leaf);
  const { collector } = extraction;
  const values = collector.finish().map((candidate) => sealed(candidate, printer));
  return {
    values,
    valuesDropped: collector.dropped + leaves.dropped,
    kinds: collector.kinds,
    records: leaves.records,
  };
}

/** Values of a text or any JSON value. Never throws; reads everything it is given, once. */
export function extractValues(source: unknown, printer: Fingerprinter, options: ExtractOptions): Extracted {
  const at = cutBytes(options.at ?? '', MAX_AT_BYTES);
  return extractLeaves(leavesOf(source, at, options.author ?? null), printer, options);
}
