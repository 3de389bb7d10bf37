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

/** Structure within a text: JSON, a Python dump or a YAML dump; undefined when it is plain text. */
export function parseText(text: string): unknown {
  const start = text.trimStart();
  const first = start[0];
  if (first === '{' || first === '[') {
    try {
      return JSON.parse(start) as unknown;
    } catch {
      // Not JSON: a Python dump looks alike, and so does a Markdown link.
      return parseLiteral(start);
    }
  }
  if (start.startsWith('<<{') || start.startsWith('<<[')) return parseLiteral(start.slice(2));
  return parseYaml(unmarked(text));
}

/** Without the marks that some agents put around what others wrote. */
function unmarked(text: string): string {
  return text.startsWith('<<') ? text.slice(2).replace(/>>\s*$/, '') : text;
}

function pushChildren(stack: Step[], step: Step, leaves: Leaves): void {
  const { value, at, depth, texts, signed } = step;
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
  for (let i = keys.length - 1; i >= 0; i--) {
    const key = keys[i]!;
    stack.push({ value: record[key], at: below(at, key), key, author, signed, depth: depth + 1, texts });
    if (!FIELD_NAME.test(key))
      stack.push({
        value: key,
        at: below(at, key),
        key: '',
        author,
        signed,
        depth: depth + 1,
        texts: MAX_NESTED_TEXTS,
      });
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
  const stack: Step[] = [{ value, at, key: '', author, signed: author !== null, depth: 0, texts: 0 }];
  let top = true;
  while (stack.length > 0) {
    const step = stack.pop()!;
    const { value: item } = step;
    if (typeof item === 'string') {
      const text = plainText(item);
      const inner = step.texts < MAX_NESTED_TEXTS ? parseText(text) : undefined;
      if (inner !== undefined && typeof inner === 'object' && inner !== null) {
        if (top) leaves.records = countRecords(inner);
        stack.push({ ...step, value: inner, signed: step.author !== null, texts: step.texts + 1 });
      } else if (text.trim() !== '')
        leaves.list.push({ text, at: step.at, key: step.key, author: step.author, field: step.depth > 0 });
    } else if (typeof item === 'number' || typeof item === 'bigint') {
      leaves.list.push({ text: String(item), at: step.at, key: step.key, author: step.author, field: true });
    } else if (item !== null && typeof item === 'object') {
      if (top) leaves.records = countRecords(item);
      pushChildren(stack, step, leaves);
    }
    top = false;
  }
  return leaves;
}
