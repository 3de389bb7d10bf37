/**
 * What a result is made of: the leaves of its JSON, of JSON or a Python or YAML dump within text, or the text itself.
 * Each leaf knows where it stood and who wrote the record around it.
 */
import { MAX_AT_BYTES, MAX_DEPTH, MAX_NESTED_TEXTS } from './limits.js';
import { cutBytes, plainText } from './chars.js';
import { parseLiteral } from './literal.js';
import { parseYaml } from './yaml.js';

export interface Leaf {
  /** Text as written, compatibility forms folded; numbers in decimal. */
  text: string;
  /** JSON pointer, ≤ 128 bytes, empty at the top. */
  at: string;
  /** Name of the nearest field, empty when there is none. */
  key: string;
  /** Who wrote the record it stands in, as written; null when nothing says so. */
  author: string | null;
  /** Stands in a field, not as a text of its own. */
  field: boolean;
}

export interface Leaves {
  list: Leaf[];
  /** Branches deeper than is walked. */
  dropped: number;
  /** Top-level items, 0 when it is not a list. */
  records: number;
}

/** Fields that say who wrote a record, surest first. Compared without case, `_`, `-` and spaces. */
const AUTHOR_FIELDS = [
  'from',
  'sender',
  'author',
  'fromemail',
  'senderemail',
  'fromaddress',
  'fromname',
  'sendername',
  'authorname',
  'createdby',
  'postedby',
  'submittedby',
  'writtenby',
  'sentby',
  'reporter',
  'commenter',
  'reviewer',
  'organizer',
];
/** They say who wrote only beside a text of that person. */
const OWNER_FIELDS = ['user', 'username', 'owner', 'login', 'customer'];
const BODY_FIELDS = ['body', 'text', 'message', 'content', 'comment', 'review', 'description'];

const folded = (key: string): string => key.toLowerCase().replace(/[\s_-]+/g, '');

function personText(value: unknown): string | null {
  if (typeof value === 'string') return value.trim() === '' ? null : value.slice(0, 320);
  if (value === null || typeof value !== 'object') return null;
  const person = (Array.isArray(value) ? value[0] : value) as unknown;
  if (typeof person === 'string') return personText(person);
  if (person === null || typeof person !== 'object') return null;
  for (const key of ['email', 'address', 'emailAddress', 'login', 'username', 'name', 'id']) {
    const inner = Object.hasOwn(person, key) ? (person as Record<string, unknown>)[key] : undefined;
    if (typeof inner === 'string' && inner !== '') return inner.slice(0, 320);
    if (key === 'emailAddress' && inner !== null && typeof inner === 'object') return personText(inner);
  }
  return null;
}

/** Keys looked at for an author: a record has few, a map of thousands has none. */
const MAX_RECORD_KEYS = 64;

function authorOf(record: object, keys: readonly string[]): string | null {
  if (keys.length > MAX_RECORD_KEYS) return null;
  const byName = new Map(keys.map((key) => [folded(key.slice(0, 40)), key]));
  const at = (name: string): string | null => {
    const key = byName.get(name);
    return key === undefined ? null : personText((record as Record<string, unknown>)[key]);
  };
  for (const name of AUTHOR_FIELDS) {
    const author = at(name);
    if (author !== null) return author;
  }
  if (!BODY_FIELDS.some((name) => byName.has(name))) return null;
  for (const name of OWNER_FIELDS) {
    const author = at(name);
    if (author !== null) return author;
  }
  return null;
}

interface Step {
  value: unknown;
  at: string;
  key: string;
  author: string | null;
  /** Within a text whose author is known: what it says of authors is that author's word. */
  signed: boolean;
  depth: number;
  texts: number;
  /** Within a record that says more than this: a text of it that looks like a record is somebody's writing. */
  beside: boolean;
  /** Within such a text. */
  written: boolean;
}

function below(at: string, key: string | number): string {
  if (at.length >= MAX_AT_BYTES) return at;
  const name =
    typeof key === 'number'
      ? String(key)
      : key.slice(0, MAX_AT_BYTES).replaceAll('~', '~0').replaceAll('/', '~1');
  return cutBytes(`${at}/${name}`, MAX_AT_BYTES);
}

/** The name of a field; any other key is data itself ("Le Canal": 30, "card_4417203": …). */
const FIELD_NAME = /^(?!.*\d{3})[a-z_$][A-Za-z0-9_$-]{0,60}$/;

/**
 * Structure within a text: JSON, a Python dump or a YAML dump; undefined when it is plain text. `written`: a field of a
 * record that people fill in, where lines with a colon are lines.
 */
export function parseText(text: string, written = false): unknown {
  const start = unmarked(text.trimStart());
  const first = start[0];
  if (first === '{' || first === '[') {
    try {
      return JSON.parse(start) as unknown;
    } catch {
      // Not JSON: a Python dump looks alike, and so does a Markdown link.
      return parseLiteral(start);
    }
  }
  return written ? undefined : parseYaml(start);
}

/** What people and agents put around a text that is not theirs: `<<<`, `"""`, a code fence, `===`. At least two of one kind. */
const OPENING_MARKS = /^(?:<{2,8}|«{1,2}|"{2,8}|'{2,8}|={2,40}|\|{2,8}|[`~]{3,8}[a-z]{0,12}(?=\s))\s*/;
const CLOSING_MARKS = /\s*(?:>{2,8}|»{1,2}|"{2,8}|'{2,8}|={2,40}|\|{2,8}|[`~]{3,8})\s*$/;

/** Characters at the end within which they close. */
const MARKS_REACH = 64;

/** Without the marks around it: they change nothing of what a text is. The end may have been cut off. */
function unmarked(text: string): string {
  const marks = OPENING_MARKS.exec(text)?.[0];
  if (marks === undefined) return text;
  const end = Math.max(marks.length, text.length - MARKS_REACH);
  return text.slice(marks.length, end) + text.slice(end).replace(CLOSING_MARKS, '');
}

function pushChildren(stack: Step[], step: Step, leaves: Leaves): void {
  const { value, at, depth, signed } = step;
  if (depth >= MAX_DEPTH) {
    leaves.dropped++;
    return;
  }
  if (Array.isArray(value)) {
    for (let i = value.length - 1; i >= 0; i--)
      stack.push({ ...step, value: value[i] as unknown, at: below(at, i), depth: depth + 1 });
    return;
  }
  const record = value as Record<string, unknown>;
  const keys = Object.keys(record);
  const author = signed ? step.author : (authorOf(record, keys) ?? step.author);
  const beside = step.beside || keys.length > 1;
  for (let i = keys.length - 1; i >= 0; i--) {
    const key = keys[i]!;
    const place = { ...step, at: below(at, key), author, depth: depth + 1, beside };
    stack.push({ ...place, value: record[key], key });
    if (!FIELD_NAME.test(key)) stack.push({ ...place, value: key, key: '', texts: MAX_NESTED_TEXTS });
  }
}

function countRecords(value: unknown): number {
  if (Array.isArray(value)) return value.length;
  if (value === null || typeof value !== 'object') return 0;
  const lists = Object.values(value).filter((child) => Array.isArray(child));
  return lists.length === 1 ? (lists[0] as unknown[]).length : 0;
}

/** Walks any JSON value without recursion, opening up text that is structure itself. */
export function leavesOf(value: unknown, at = '', author: string | null = null): Leaves {
  const leaves: Leaves = { list: [], dropped: 0, records: 0 };
  const signed = author !== null;
  const top: Step = { value, at, key: '', author, signed, depth: 0, texts: 0, beside: false, written: false };
  const stack = [top];
  while (stack.length > 0) {
    const step = stack.pop()!;
    const { value: item } = step;
    if (typeof item === 'string') {
      const text = plainText(item);
      const { at, key, author, beside, texts } = step;
      const inner = texts < MAX_NESTED_TEXTS ? parseText(text, beside) : undefined;
      if (inner !== undefined && typeof inner === 'object' && inner !== null) {
        if (step === top) leaves.records = countRecords(inner);
        stack.push({ ...step, value: inner, signed: author !== null, texts: texts + 1, written: beside });
      } else if (text.trim() !== '')
        leaves.list.push({ text, at, key, author, field: step.depth > 0 && !step.written });
    } else if (typeof item === 'number' || typeof item === 'bigint') {
      const { at, key, author, written } = step;
      leaves.list.push({ text: String(item), at, key, author, field: !written });
    } else if (item !== null && typeof item === 'object') {
      if (step === top) leaves.records = countRecords(item);
      pushChildren(stack, step, leaves);
    }
  }
  return leaves;
}
