/** The YAML file as plain data that remembers the line of each value. */
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { LineCounter, isMap, isNode, isScalar, isSeq, parseDocument, type Node } from 'yaml';
import { ConfigError, type Mistake } from './mistake.js';

/** Far beyond any real configuration; ends what would be a mistaken path or a bomb. */
const FILE_MAX_BYTES = 1 << 20;
/** YAML aliases may make a small file huge. */
const ALIASES_MAX = 100;

export interface ConfigDocument {
  data: Record<string, unknown>;
  /** `driftline.yaml:12` of the value at `path`, or of the nearest thing around it. */
  at(path: readonly PropertyKey[]): string;
}

/** Reads and parses; throws `ConfigError` when it cannot be read or is not YAML. */
export function readDocument(path: string): ConfigDocument {
  const name = basename(path);
  const text = readText(path, name);
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true });
  const mistakes = document.errors.map<Mistake>((error) => ({
    path: '',
    at: `${name}:${lines.linePos(error.pos[0]).line}`,
    expected: 'valid YAML',
    got: error.code,
  }));
  if (mistakes.length > 0) throw new ConfigError(mistakes);
  const data: unknown = document.toJS({ maxAliasCount: ALIASES_MAX }) ?? {};
  if (typeof data !== 'object' || Array.isArray(data)) {
    const got = Array.isArray(data) ? 'a list' : `a ${typeof data}`;
    throw new ConfigError([{ path: '', at: `${name}:1`, expected: 'a mapping of settings', got }]);
  }
  const at = (of: readonly PropertyKey[]): string => {
    for (let length = of.length; length > 0; length -= 1) {
      const offset = offsetOf(document.contents, of.slice(0, length));
      if (offset !== null) return `${name}:${lines.linePos(offset).line}`;
    }
    return name;
  };
  return { data: data as Record<string, unknown>, at };
}

function readText(path: string, name: string): string {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const got = (error as NodeJS.ErrnoException).code ?? 'an error';
    throw new ConfigError([{ path: '', at: path, expected: 'a readable file', got }]);
  }
  if (text.length <= FILE_MAX_BYTES) return text;
  const got = `${text.length} characters`;
  throw new ConfigError([{ path: '', at: name, expected: `at most ${FILE_MAX_BYTES} characters`, got }]);
}

/** Where the key (or list item) at `path` stands in the text; null when it is not there. */
function offsetOf(contents: Node | null, path: readonly PropertyKey[]): number | null {
  let node: unknown = contents;
  let offset: number | null = null;
  for (const part of path) {
    if (isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === String(part));
      offset = isNode(pair?.key) ? (pair.key.range?.[0] ?? null) : null;
      node = pair?.value;
    } else {
      node = isSeq(node) ? node.items[Number(part)] : null;
      offset = isNode(node) ? (node.range?.[0] ?? null) : null;
    }
    if (offset === null) return null;
  }
  return offset;
}
