/** Tools that agents behind this gateway can call, so that results can be read for requests to call them. */
import type { Catalogue } from '#drift';
import { classifyTool, ToolIndex, type KnownTool } from '#observation';
import type { ToolBook } from './tool-book.js';

/** Made anew when a tool is first heard of, or the catalogue is another. */
export class KnownTools {
  private known: IndexedTools = { version: 0, list: [], index: new ToolIndex([]) };
  private catalogue: Catalogue | null = null;
  private bookVersion = -1;

  constructor(private readonly book: ToolBook) {}

  /** Of all servers: what one server's text asks for may be another's tool. */
  of(catalogue: Catalogue): IndexedTools {
    if (catalogue !== this.catalogue || this.book.version !== this.bookVersion) {
      this.catalogue = catalogue;
      this.bookVersion = this.book.version;
      const { book } = this;
      const list = knownTools(catalogue, book.listedTools(), book.calledTools());
      this.known = { version: this.known.version + 1, list, index: new ToolIndex(list) };
    }
    return this.known;
  }
}

export interface IndexedTools {
  /** Another one whenever the tools are others. */
  version: number;
  list: readonly KnownTool[];
  index: ToolIndex;
}

interface Named {
  server: string;
  tool: string;
}

/** What servers listed and agents called, and what the operator describes by its full name. */
export function knownTools(
  catalogue: Catalogue,
  listed: Iterable<Named>,
  called: Iterable<Named>,
): KnownTool[] {
  const known = new Map<string, KnownTool>();
  const add = ({ server, tool: name }: Named): void => {
    const { effect } = classifyTool(catalogue, { server, trusted: false, tool: name });
    // One name in two servers: a read here does not hide what it does there.
    if (known.get(name)?.effect === undefined || known.get(name)?.effect === 'read')
      known.set(name, { name, effect });
  };
  for (const one of listed) add(one);
  for (const entry of catalogue.tools) if (!entry.tool.includes('*')) add(entry);
  // Last: an agent may call names that no server has, and an index is bounded.
  for (const one of called) add(one);
  return [...known.values()];
}
