/**
 * Reads what `repr` of Python and lenient JSON writers print: single quotes, None, True, tuples, a list or object cut
 * short. One pass, no recursion; undefined when the text is something else.
 */
import { MAX_DEPTH } from './limits.js';

const CONSTANTS: Record<string, unknown> = {
  None: null,
  null: null,
  True: true,
  true: true,
  False: false,
  false: false,
};
const ESCAPES: Record<string, string> = { n: '\n', r: '\r', t: '\t', b: '\b', f: '\f', '0': '\0' };

interface Open {
  list: unknown[] | null;
  record: Record<string, unknown> | null;
  key: string | null;
}

class Reader {
  at = 0;
  constructor(readonly text: string) {}

  skipSpace(): void {
    while (this.at < this.text.length && this.text.charCodeAt(this.at) <= 32) this.at++;
  }

  /** A quoted string; one that is cut short ends with the text. */
  quoted(): string {
    const quote = this.text[this.at++]!;
    const parts: string[] = [];
    let from = this.at;
    while (this.at < this.text.length && this.text[this.at] !== quote) {
      if (this.text[this.at] !== '\\') {
        this.at++;
        continue;
      }
      parts.push(this.text.slice(from, this.at), this.escape());
      from = this.at;
    }
    parts.push(this.text.slice(from, this.at));
    this.at++;
    return parts.join('');
  }

  private escape(): string {
    const c = this.text[this.at + 1] ?? '';
    const width = c === 'x' ? 2 : c === 'u' ? 4 : c === 'U' ? 8 : 0;
    const hex = this.text.slice(this.at + 2, this.at + 2 + width);
    if (width > 0 && hex.length === width && /^[0-9a-f]+$/i.test(hex) && parseInt(hex, 16) <= 0x10ffff) {
      this.at += 2 + width;
      return String.fromCodePoint(parseInt(hex, 16));
    }
    this.at += 2;
    return ESCAPES[c] ?? c;
  }

  /** A number, a constant or any other word up to the next mark. */
  bare(): unknown {
    const from = this.at;
    while (this.at < this.text.length && !',:]})\n'.includes(this.text[this.at]!)) this.at++;
    const word = this.text.slice(from, this.at).trim();
    if (Object.hasOwn(CONSTANTS, word)) return CONSTANTS[word];
    return /^-?\d{1,15}(?:\.\d{1,15})?$/.test(word) ? Number(word) : word;
  }
}

function put(open: Open, value: unknown): void {
  if (open.list !== null) open.list.push(value);
  else if (open.key === null) open.key = typeof value === 'string' ? value : String(value);
  else {
    // Defined, not assigned: a key `__proto__` must stay a key.
    Object.defineProperty(open.record, open.key, {
      value,
      enumerable: true,
      configurable: true,
      writable: true,
    });
    open.key = null;
  }
}

/** Marks read before the first quote or number: more means that this is prose in brackets. */
const CLOSERS = ']})';

/** Parses `text`, which starts with a bracket. Trailing text after the end makes it plain text, except `>>`. */
export function parseLiteral(text: string): unknown {
  const reader = new Reader(text);
  const stack: Open[] = [];
  let root: unknown;
  while (reader.at < text.length) {
    reader.skipSpace();
    const c = text[reader.at];
    if (c === undefined) break;
    const open = stack.at(-1);
    if (c === '{' || c === '[' || c === '(') {
      const list: unknown[] | null = c === '{' ? null : [];
      const record: Record<string, unknown> | null = c === '{' ? {} : null;
      if (open === undefined) root = list ?? record;
      else put(open, list ?? record);
      stack.push({ list, record, key: null });
      if (stack.length > MAX_DEPTH) return undefined;
      reader.at++;
    } else if (open === undefined) return undefined;
    else if (CLOSERS.includes(c)) {
      reader.at++;
      stack.pop();
      if (stack.length === 0)
        return /^\s*>{0,2}\s*$/.test(text.slice(reader.at, reader.at + 16)) ? root : undefined;
    } else if (c === ',') reader.at++;
    else if (c === ':') {
      if (open.record === null || open.key === null) return undefined;
      reader.at++;
    } else if (c === '"' || c === "'") put(open, reader.quoted());
    else {
      const word = reader.bare();
      if (typeof word === 'string') return undefined;
      put(open, word);
    }
  }
  return root;
}
