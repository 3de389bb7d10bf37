/**
 * Reads what YAML writers print for plain data: block lists and maps by indentation, plain, quoted, folded and literal
 * scalars. No anchors, tags or aliases, so nothing can grow; one pass over the lines. A text that does not fit from
 * its first line to its last is plain text, not YAML: undefined.
 */
import { MAX_DEPTH } from './limits.js';

const KEY = /^([A-Za-z_$][\w .$/-]{0,60}|"[^"\n]{1,80}"|'[^'\n]{1,80}'):(?:\s+|$)/;

interface Level {
  indent: number;
  list: unknown[] | null;
  record: Record<string, unknown> | null;
  /** Puts a nested block in place of the empty value it belongs to. */
  key: string | null;
}

function indentOf(line: string): number {
  let indent = 0;
  while (line.charCodeAt(indent) === 32) indent++;
  return indent;
}

/** Joins the lines of a scalar as YAML folds them: a single break is a space, an empty line a break. */
function fold(lines: readonly string[]): string {
  let text = '';
  let breaks = 0;
  for (const [i, line] of lines.entries()) {
    const trimmed = line.trim();
    if (trimmed === '' && i > 0) {
      breaks++;
      continue;
    }
    text += i === 0 ? trimmed : breaks > 0 ? '\n'.repeat(breaks) + trimmed : ` ${trimmed}`;
    breaks = 0;
  }
  return text;
}

function unquote(text: string): string {
  if (text[0] === "'")
    return text.slice(1, text.endsWith("'") && text.length > 1 ? -1 : undefined).replaceAll("''", "'");
  const body = text.slice(1, text.endsWith('"') && text.length > 1 ? -1 : undefined);
  return body.replace(
    /\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|(.))/gs,
    (_all, x?: string, u?: string, c?: string) => {
      const hex = x ?? u;
      if (hex !== undefined) return String.fromCharCode(parseInt(hex, 16));
      return c === 'n' ? '\n' : c === 't' ? '\t' : c === ' ' || c === undefined ? (c ?? '') : c;
    },
  );
}

/** Whether a quoted scalar that begins with its quote ends on this line; `from` skips the opening quote. */
function closes(line: string, quote: string, from: number): boolean {
  for (let i = from; i < line.length; i++) {
    if (quote === '"' && line[i] === '\\') i++;
    else if (line[i] === quote) {
      if (quote === "'" && line[i + 1] === "'") i++;
      else return line.slice(i + 1).trim() === '';
    }
  }
  return false;
}

class Lines {
  at = 0;
  constructor(readonly all: readonly string[]) {}

  /** A scalar that starts with `first` on the line just read, in a block of this indentation. */
  scalar(first: string, indent: number): string {
    const quote = first[0];
    if (quote === "'" || quote === '"') return this.quoted(first, quote);
    if (/^[|>][+-]?\d?$/.test(first)) return this.block(first[0] === '>', indent);
    const lines = [first];
    while (this.at < this.all.length) {
      const line = this.all[this.at]!;
      const blank = line.trim() === '';
      if (blank || indentOf(line) <= indent || KEY.test(line.trim()) || line.trim().startsWith('- ')) break;
      lines.push(line);
      this.at++;
    }
    return fold(lines);
  }

  private quoted(first: string, quote: string): string {
    const lines = [first];
    let closed = closes(first, quote, 1);
    while (!closed && this.at < this.all.length) {
      const line = this.all[this.at++]!;
      lines.push(line);
      closed = closes(line, quote, 0);
    }
    return unquote(quote === '"' ? foldEscaped(lines) : fold(lines));
  }

  private block(folded: boolean, indent: number): string {
    const lines: string[] = [];
    while (this.at < this.all.length) {
      const line = this.all[this.at]!;
      if (line.trim() !== '' && indentOf(line) <= indent) break;
      lines.push(line.trim());
      this.at++;
    }
    return folded ? fold(lines) : lines.join('\n');
  }
}

/** Double-quoted lines may end in a backslash: joined without a space. */
function foldEscaped(lines: readonly string[]): string {
  const joined: string[] = [];
  let parts: string[] = [];
  for (const line of lines) {
    const open = /(?:^|[^\\])(?:\\\\){0,32}\\$/.test(line.slice(-66));
    parts.push(open ? line.trim().slice(0, -1) : line.trim());
    if (open) continue;
    joined.push(parts.join(''));
    parts = [];
  }
  if (parts.length > 0) joined.push(parts.join(''));
  return fold(joined);
}

function define(record: Record<string, unknown>, key: string, value: unknown): void {
  Object.defineProperty(record, key, { value, enumerable: true, configurable: true, writable: true });
}

class Parser {
  private readonly levels: Level[] = [];
  root: unknown[] | Record<string, unknown> | null = null;

  constructor(private readonly lines: Lines) {}

  /** False when the line does not fit. `body` is the line without indentation. */
  line(indent: number, body: string): boolean {
    while (this.levels.length > 0 && this.levels.at(-1)!.indent > indent) this.levels.pop();
    if (body === '-' || body.startsWith('- ')) return this.item(indent, body.slice(1).trimStart(), body);
    const match = KEY.exec(body);
    return match !== null && this.pair(indent, unwrap(match[1]!), body.slice(match[0].length));
  }

  private open(indent: number, list: boolean): Level | null {
    // A list may stand at the indentation of the key it belongs to.
    let top = this.levels.at(-1);
    if (!list && top?.indent === indent && top.list !== null) {
      this.levels.pop();
      top = this.levels.at(-1);
    }
    if (top !== undefined && top.indent === indent && (top.list !== null) === list) return top;
    if (this.levels.length >= MAX_DEPTH || (top !== undefined && top.indent === indent && top.key === null))
      return null;
    const level: Level = { indent, list: list ? [] : null, record: list ? null : {}, key: null };
    const node = level.list ?? level.record!;
    if (top === undefined) {
      if (this.root !== null) return null;
      this.root = node;
    } else if (top.list !== null) top.list.push(node);
    else if (top.key !== null) define(top.record!, top.key, node);
    else return null;
    this.levels.push(level);
    return level;
  }

  private item(indent: number, rest: string, body: string): boolean {
    const level = this.open(indent, true);
    if (level === null) return false;
    const inner = indent + body.length - rest.length;
    if (rest === '') return true;
    if (rest.startsWith('- ') || KEY.test(rest)) return this.line(inner, rest);
    level.list!.push(this.lines.scalar(rest, indent));
    return true;
  }

  private pair(indent: number, key: string, rest: string): boolean {
    const level = this.open(indent, false);
    if (level === null) return false;
    level.key = rest === '' ? key : null;
    if (rest !== '')
      define(level.record!, key, rest === '[]' || rest === '{}' ? null : this.lines.scalar(rest, indent));
    return true;
  }
}

const unwrap = (key: string): string => (/^["']/.test(key) ? key.slice(1, -1) : key);

/** Prose with a colon is no map: field names are short and without spaces. */
const FIRST_LINE = /^(?:- |["']?[a-z_][\w-]{0,60}["']?:(?:\s|$))/;

export function parseYaml(text: string): unknown {
  const start = text.trimStart();
  if (!FIRST_LINE.test(start.slice(0, 80)) || !start.includes('\n')) return undefined;
  const lines = new Lines(text.split('\n'));
  const parser = new Parser(lines);
  let pairs = 0;
  while (lines.at < lines.all.length) {
    const line = lines.all[lines.at++]!;
    const body = line.trim();
    if (body === '') continue;
    if (KEY.test(body)) pairs++;
    if (!parser.line(indentOf(line), body)) return undefined;
  }
  return pairs > 0 || Array.isArray(parser.root) ? (parser.root ?? undefined) : undefined;
}
