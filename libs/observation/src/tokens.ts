/** Cuts a text into tokens in one pass. Every character is looked at a bounded number of times, whatever it is. */
import { isAlnum, isBreak, isDigit, isIdeograph, isLetter, isSpace, isUpper } from './chars.js';
import { classifySpaced, classifyToken, classifyUrl, isTime, type Classified } from './kinds.js';
import { MAX_TOKEN_CHARS } from './limits.js';
import { rolesOf } from './words.js';

export interface Token {
  text: string;
  /** Lower case of a plain word, empty for anything else. */
  word: string;
  /** What the word can be in a sentence: bits of `ROLE`. */
  roles: number;
  value: Classified | null;
  /** Begins with a capital letter. */
  capital: boolean;
  /** Something other than one space stands between this token and the one before: a comma, a quote, a bracket … */
  apart: boolean;
  /** A comma, colon or semicolon stands before it. */
  clause: boolean;
  /** Within quotes or a code span of its own. */
  quoted: boolean;
  /** Followed directly by a colon. */
  colon: boolean;
}

export interface Tokens {
  list: Token[];
  /** Runs too long to be looked at. */
  oversize: number;
  ideographs: number;
}

/** Characters looked ahead for values written with gaps: the longest IBAN with its gaps fits. */
const WINDOW_CHARS = 64;
const SCHEME_CHARS = 16;
/** Longest plain word. */
const WORD_CHARS = 40;
const QUOTES = '"\'`“”‘’«»';
const TRAILING = '.,:;!?\'’"-_~/\\+%#$^';
const LEADING = "'’:%^~-";
const URL_ENDS = '"\'`<>{}|“”‘’';
const ESCAPED = 'ntr"\'';

class Cursor {
  at = 0;
  /** Position of the next `://`, found once: looking for it anew at every token would be quadratic. */
  private scheme = -2;
  /** Whether the chunk last read holds ASCII letters only. */
  plain = false;

  constructor(readonly text: string) {}

  /** Whether a URL begins here. */
  atUrl(): boolean {
    const { text, at } = this;
    if (this.scheme !== -1 && this.scheme < at) this.scheme = text.indexOf('://', at);
    const ahead = this.scheme - at;
    if (ahead > 0 && ahead <= SCHEME_CHARS && /^[a-z][a-z0-9+.-]*$/i.test(text.slice(at, this.scheme)))
      return true;
    const c = text.charCodeAt(at) | 32;
    if (c === 119) return text[at + 3] === '.' && /^www\.[^\s.]/i.test(text.slice(at, at + 5));
    return c === 109 && text[at + 6] === ':' && /^mailto:/i.test(text.slice(at, at + 7));
  }

  /** An escape sequence that a text carries literally, such as `\n`. */
  atEscape(at: number): boolean {
    return this.text.charCodeAt(at) === 92 && ESCAPED.includes(this.text[at + 1] ?? ' ');
  }

  /** End of the URL that begins here. */
  urlEnd(): number {
    const { text } = this;
    let depth = 0;
    let end = this.at;
    for (; end < text.length; end++) {
      const c = text[end]!;
      if (isSpace(text.charCodeAt(end)) || URL_ENDS.includes(c) || this.atEscape(end)) break;
      if (c === '(' || c === '[') depth++;
      if ((c === ')' || c === ']') && --depth < 0) break;
      if ((c === ',' || c === ';') && /^(?:https?:|www\.|\s)/i.test(text.slice(end + 1, end + 7))) break;
    }
    return end;
  }

  /** End of the word or number that begins here. */
  chunkEnd(): number {
    const { text, at } = this;
    const windows = text.charCodeAt(at) === 92 || (text[at + 1] === ':' && text[at + 2] === '\\');
    this.plain = true;
    let end = at;
    for (; end < text.length; end++) {
      const c = text.charCodeAt(end);
      if ((c >= 97 && c <= 122) || (c >= 65 && c <= 90)) continue;
      if (isBreak(c)) break;
      // An apostrophe within a word belongs to it.
      const inner =
        c === 39 && end > at && isAlnum(text.charCodeAt(end - 1)) && isLetter(text.charCodeAt(end + 1));
      if (c === 39 && !inner && end > at) break;
      if (!windows && this.atEscape(end)) break;
      this.plain = false;
    }
    return end;
  }
}

/** A colon ends a word (`Email:bob@example.com`), but not a time, a port or a drive. */
function keepsColons(chunk: string): boolean {
  const colon = chunk.indexOf(':');
  if (colon < 0 || colon === chunk.length - 1 || /^[a-z]:[\\/]/i.test(chunk)) return true;
  return (
    isTime(chunk.slice(0, 48)) || /^[\w.-]{1,253}\.[\w-]{1,63}:\d{2,5}(?:\/|$)/.test(chunk.slice(0, 330))
  );
}

function trimmed(chunk: string): string {
  let start = 0;
  let end = chunk.length;
  while (end > start && !isAlnum(chunk.charCodeAt(end - 1)) && TRAILING.includes(chunk[end - 1]!)) end--;
  while (start < end && LEADING.includes(chunk[start]!)) start++;
  return start === 0 && end === chunk.length ? chunk : chunk.slice(start, end);
}

const WORD = /^\p{L}+(?:['’-]\p{L}+)*$/u;

/** Whether money, a phone or card number, or an IBAN written with gaps may begin here. */
function startsSpaced(text: string, at: number): boolean {
  const c = text.charCodeAt(at);
  if (isDigit(c)) return at === 0 || !isAlnum(text.charCodeAt(at - 1));
  const next = text.charCodeAt(at + 1);
  if (c === 43) return isDigit(next);
  if (c === 40) return /^\(\+?\d{1,5}\)/.test(text.slice(at, at + 8));
  if (c === 36 || (c > 127 && '€£¥₹'.includes(text[at]!))) return true;
  if (c < 65 || c > 90 || next < 65 || next > 90) return false;
  return isDigit(text.charCodeAt(at + 2)) || /^(?:USD|EUR|GBP|CHF|JPY)/.test(text.slice(at, at + 3));
}

/** What stood between two tokens. */
interface Gap {
  apart: boolean;
  clause: boolean;
  quote: boolean;
}

function countIdeographs(text: string): number {
  let count = 0;
  for (let i = 0; i < text.length; i++) if (isIdeograph(text.charCodeAt(i))) count++;
  return count;
}

interface Piece {
  text: string;
  value: Classified | null;
  isWord: boolean;
  end: number;
}

function push(tokens: Tokens, cursor: Cursor, gap: Gap, piece: Piece): void {
  const { text, value, end } = piece;
  const after = cursor.text.charCodeAt(end);
  const word = piece.isWord && text.length <= WORD_CHARS ? text.toLowerCase() : '';
  const roles = word === '' ? 0 : rolesOf(word);
  const quoted = gap.quote && end < cursor.text.length && QUOTES.includes(cursor.text[end]!);
  const capital = isUpper(text.charCodeAt(0));
  tokens.list.push({
    text,
    word,
    roles,
    value,
    capital,
    apart: gap.apart,
    clause: gap.clause,
    quoted,
    colon: after === 58 || cursor.text.charCodeAt(end - 1) === 58,
  });
}

/** Moves on to the next token and says in `gap` what stood before it. */
function nextGap(cursor: Cursor, gap: Gap): void {
  const { text } = cursor;
  const start = cursor.at;
  const afterColon = start > 0 && text.charCodeAt(start - 1) === 58;
  gap.apart = afterColon;
  gap.clause = afterColon;
  gap.quote = false;
  while (cursor.at < text.length) {
    const c = text.charCodeAt(cursor.at);
    if (isAlnum(c)) break;
    const escape = cursor.atEscape(cursor.at);
    if (!isBreak(c) && !escape && c !== 39 && c !== 58) break;
    if (c === 40 && startsSpaced(text, cursor.at)) break;
    if (c !== 32) {
      gap.apart = true;
      gap.quote = QUOTES.includes(text[cursor.at]!);
      if (escape || c === 44 || c === 59 || c === 58 || c === 0x2013 || c === 0x2014) gap.clause = true;
    } else gap.quote = false;
    cursor.at += escape ? 2 : 1;
  }
  if (cursor.at - start > 1) gap.apart = true;
}

/** All tokens of one unit of text. */
export function tokenize(text: string): Tokens {
  const tokens: Tokens = { list: [], oversize: 0, ideographs: 0 };
  const cursor = new Cursor(text);
  const gap: Gap = { apart: false, clause: false, quote: false };
  while (cursor.at < text.length) {
    nextGap(cursor, gap);
    const { at } = cursor;
    if (at >= text.length) break;
    const spaced = startsSpaced(text, at) ? classifySpaced(text, at, at + WINDOW_CHARS) : null;
    if (spaced !== null) {
      const end = at + spaced.length;
      cursor.at = end;
      push(tokens, cursor, gap, { text: text.slice(at, end), value: spaced.value, isWord: false, end });
    } else if (text.charCodeAt(at) === 40) cursor.at++;
    else readToken(cursor, tokens, gap);
  }
  return tokens;
}

function pushChunk(cursor: Cursor, tokens: Tokens, gap: Gap, chunk: string, end: number): void {
  const text = trimmed(chunk);
  if (text === '') return;
  const isWord = WORD.test(text);
  const value = isWord ? null : classifyToken(text);
  push(tokens, cursor, gap, { text, value, isWord, end });
  tokens.ideographs += countIdeographs(text);
}

/** `key:value:value`: each part is a token; a URL among them is left for the next turn. */
function pushParts(cursor: Cursor, tokens: Tokens, gap: Gap, end: number): void {
  const { text, at } = cursor;
  const scheme = text.slice(at, end).indexOf('://');
  const stop = scheme > 0 ? text.lastIndexOf(':', at + scheme - 1) : end;
  let from = at;
  for (let to = at; to <= stop; to++) {
    if (to !== stop && text.charCodeAt(to) !== 58) continue;
    pushChunk(
      cursor,
      tokens,
      from === at ? gap : { apart: true, clause: true, quote: false },
      text.slice(from, to),
      to,
    );
    from = to + 1;
  }
  cursor.at = Math.max(stop, at + 1);
}

function readToken(cursor: Cursor, tokens: Tokens, gap: Gap): void {
  const { text, at } = cursor;
  const url = cursor.atUrl();
  const end = Math.max(url ? cursor.urlEnd() : cursor.chunkEnd(), at + 1);
  cursor.at = end;
  if (end - at > MAX_TOKEN_CHARS) {
    tokens.oversize++;
    return;
  }
  const chunk = text.slice(at, end);
  if (url) {
    const site = trimmed(chunk);
    push(tokens, cursor, gap, { text: site, value: classifyUrl(site), isWord: false, end: at + site.length });
  } else if (cursor.plain) push(tokens, cursor, gap, { text: chunk, value: null, isWord: true, end });
  else if (keepsColons(chunk)) pushChunk(cursor, tokens, gap, chunk, end);
  else {
    cursor.at = at;
    pushParts(cursor, tokens, gap, end);
  }
}
