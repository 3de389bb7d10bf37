/** Cuts a text into tokens in one pass. Every character is looked at a bounded number of times, whatever it is. */
import { isAlnum, isBreak, isDigit, isIdeograph, isLetter, isSpace, isUpperAscii } from './chars.js';
import { classifySpaced, classifyToken, classifyUrl, isTime, type Classified } from './kinds.js';
import { MAX_TOKEN_CHARS } from './limits.js';

export interface Token {
  text: string;
  /** Lower case of a plain word, empty for anything else. */
  word: string;
  value: Classified | null;
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
const QUOTES = '"\'`“”‘’«»';
const TRAILING = '.,:;!?\'’"-_~/\\+%#$^';
const LEADING = "'’:%^~-";

class Cursor {
  at = 0;
  /** Position of the next `://`, found once: looking for it anew at every token would be quadratic. */
  private scheme = -2;

  constructor(readonly text: string) {}

  /** Whether a URL begins here. */
  atUrl(): boolean {
    const { text, at } = this;
    if (this.scheme !== -1 && this.scheme < at) this.scheme = text.indexOf('://', at);
    const ahead = this.scheme - at;
    if (ahead > 0 && ahead <= SCHEME_CHARS && /^[a-z][a-z0-9+.-]*$/i.test(text.slice(at, this.scheme)))
      return true;
    const c = text.charCodeAt(at) | 32;
    if (c === 119) return /^www\.[^\s.]/i.test(text.slice(at, at + 5));
    return c === 109 && /^mailto:/i.test(text.slice(at, at + 7));
  }

  /** End of the URL that begins here. */
  urlEnd(): number {
    const { text } = this;
    let depth = 0;
    let end = this.at;
    for (; end < text.length; end++) {
      const c = text[end]!;
      if (isSpace(text.charCodeAt(end)) || '"\'`<>{}|“”‘’'.includes(c)) break;
      if (c === '\\' && 'ntr"\''.includes(text[end + 1] ?? ' ')) break;
      if (c === '(' || c === '[') depth++;
      if ((c === ')' || c === ']') && --depth < 0) break;
      if ((c === ',' || c === ';') && /^(?:https?:|www\.|\s)/i.test(text.slice(end + 1, end + 7))) break;
    }
    return end;
  }

  /** End of the word or number that begins here. */
  chunkEnd(): number {
    const { text, at } = this;
    const windows = /^(?:[a-z]:)?\\[^ntr"']/i.test(text.slice(at, at + 4));
    let end = at;
    for (; end < text.length; end++) {
      const c = text.charCodeAt(end);
      if (isBreak(c)) break;
      if (
        c === 39 &&
        !(end > at && isAlnum(text.charCodeAt(end - 1)) && isLetter(text.charCodeAt(end + 1)))
      ) {
        if (end > at) break;
      }
      if (c === 92 && !windows && 'ntr"\''.includes(text[end + 1] ?? ' ')) break;
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
  while (end > start && TRAILING.includes(chunk[end - 1]!)) end--;
  while (start < end && LEADING.includes(chunk[start]!)) start++;
  return chunk.slice(start, end);
}

const WORD = /^\p{L}+(?:['’-]\p{L}+)*$/u;

function startsSpaced(text: string, at: number): boolean {
  const c = text.charCodeAt(at);
  if (isDigit(c) || c === 43 || c === 40)
    return c !== 40 || isDigit(text.charCodeAt(at + 1)) || text[at + 1] === '+';
  if ('$€£¥₹'.includes(text[at]!)) return true;
  if (!isUpperAscii(c) || !isUpperAscii(text.charCodeAt(at + 1))) return false;
  return isDigit(text.charCodeAt(at + 2)) || /^(?:USD|EUR|GBP|CHF|JPY)/.test(text.slice(at, at + 3));
}

/** What stood between two tokens. */
interface Gap {
  apart: boolean;
  clause: boolean;
  quote: boolean;
}

function push(
  tokens: Tokens,
  text: string,
  value: Classified | null,
  gap: Gap,
  source: string,
  end: number,
): void {
  const after = source[end] ?? '';
  const word = value === null && text.length <= 40 && WORD.test(text) ? text.toLowerCase() : '';
  const quoted = gap.quote && QUOTES.includes(after) && after !== '';
  tokens.list.push({ text, word, value, apart: gap.apart, clause: gap.clause, quoted, colon: after === ':' });
  for (let i = 0; i < text.length; i++) if (isIdeograph(text.charCodeAt(i))) tokens.ideographs++;
}

function nextGap(cursor: Cursor): Gap {
  const { text } = cursor;
  const start = cursor.at;
  const gap: Gap = { apart: false, clause: false, quote: false };
  while (cursor.at < text.length) {
    const c = text.charCodeAt(cursor.at);
    const code = text[cursor.at]!;
    const escape = c === 92 && 'ntr"\''.includes(text[cursor.at + 1] ?? ' ');
    if (!isBreak(c) && !escape && c !== 39 && c !== 58) break;
    if (c === 40 && startsSpaced(text, cursor.at)) break;
    gap.quote = QUOTES.includes(code);
    if (c === 44 || c === 59 || c === 58 || (c >= 0x2013 && c <= 0x2014)) gap.clause = true;
    if (escape) gap.clause = true;
    if (!isSpace(c)) gap.apart = true;
    cursor.at += escape ? 2 : 1;
  }
  if (cursor.at - start > 1) gap.apart = true;
  return gap;
}

/** All tokens of one unit of text. */
export function tokenize(text: string): Tokens {
  const tokens: Tokens = { list: [], oversize: 0, ideographs: 0 };
  const cursor = new Cursor(text);
  while (cursor.at < text.length) {
    const gap = nextGap(cursor);
    const at = cursor.at;
    if (at >= text.length) break;
    if (startsSpaced(text, at) && (at === 0 || !isAlnum(text.charCodeAt(at - 1)))) {
      const spaced = classifySpaced(text.slice(at, at + WINDOW_CHARS));
      if (spaced !== null) {
        cursor.at = at + spaced.length;
        push(tokens, text.slice(at, cursor.at), spaced.value, gap, text, cursor.at);
        continue;
      }
      if (text[at] === '(') {
        cursor.at++;
        continue;
      }
    }
    readToken(cursor, tokens, gap);
  }
  return tokens;
}

function pushChunk(cursor: Cursor, tokens: Tokens, gap: Gap, chunk: string, end: number): void {
  const token = trimmed(chunk);
  if (token === '') return;
  const value = WORD.test(token) ? null : classifyToken(token);
  push(tokens, token, value, gap, cursor.text, end);
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
    const token = trimmed(chunk);
    push(tokens, token, classifyUrl(token), gap, text, at + token.length);
  } else if (keepsColons(chunk)) pushChunk(cursor, tokens, gap, chunk, end);
  else {
    cursor.at = at;
    pushParts(cursor, tokens, gap, end);
  }
}
