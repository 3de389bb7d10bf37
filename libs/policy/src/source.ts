/** YAML text with the places of everything in it, so that whatever is wrong can be pointed at. */
import { isMap, isNode, isScalar, isSeq, LineCounter, parseDocument, type Document } from 'yaml';

/** Far beyond any real policy; ends what would be a mistaken path or a bomb. */
const TEXT_MAX_CHARACTERS = 4 << 20;
/** YAML aliases may make a small document huge. */
const ALIASES_MAX = 1_000;

/** 1-based. */
export interface Position {
  line: number;
  column: number;
}

export interface Unreadable extends Position {
  message: string;
}

export class Source {
  /** Why it is no YAML; nothing else can be said then. */
  readonly unreadable: Unreadable[];
  /** What it says, as plain data. */
  readonly data: unknown;
  private readonly lines = new LineCounter();
  private readonly document: Document;

  constructor(text: string) {
    const fits = text.length <= TEXT_MAX_CHARACTERS;
    const options = { lineCounter: this.lines, prettyErrors: false, uniqueKeys: true };
    this.document = parseDocument(fits ? text : '', options) as Document;
    this.unreadable = fits
      ? this.document.errors.map(({ pos, message }) => ({ ...this.position(pos[0]), message }))
      : [{ line: 1, column: 1, message: `longer than ${TEXT_MAX_CHARACTERS} characters` }];
    if (this.unreadable.length === 0) this.data = this.document.toJS({ maxAliasCount: ALIASES_MAX });
  }

  /** Where the value at `path` begins, its key if it has one, or the nearest thing around it. */
  at(path: readonly PropertyKey[]): Position {
    let node: unknown = this.document.contents;
    let offset = 0;
    for (const part of path) {
      const child = childOf(node, part);
      if (child === null) break;
      offset = child.offset;
      node = child.node;
    }
    return this.position(offset);
  }

  private position(offset: number): Position {
    const { line, col } = this.lines.linePos(offset);
    // An empty text has no lines.
    return { line: Math.max(1, line), column: Math.max(1, col) };
  }
}

function childOf(node: unknown, part: PropertyKey): { node: unknown; offset: number } | null {
  if (isMap(node)) {
    const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === String(part));
    const offset = isNode(pair?.key) ? pair.key.range?.[0] : undefined;
    return offset === undefined ? null : { node: pair?.value, offset };
  }
  if (!isSeq(node)) return null;
  const item = node.items[Number(part)];
  const offset = isNode(item) ? item.range?.[0] : undefined;
  return offset === undefined ? null : { node: item, offset };
}

/** `detectors.scope.weight`, `responses[0].for`; empty = the document as a whole. */
export function pathText(path: readonly PropertyKey[]): string {
  return path
    .map((part, i) => (typeof part === 'number' ? `[${part}]` : `${i > 0 ? '.' : ''}${String(part)}`))
    .join('');
}
