/** Which entry of the operator's catalogue speaks of a tool: the same answer for gateways and for the core. */
import { matchesName } from './glob.js';
import type { Catalogue, CatalogueEntry } from './policy.js';

interface Ordered {
  entries: readonly CatalogueEntry[];
  /** Answers already found, by server and tool. */
  known: Map<string, CatalogueEntry | null>;
}

/** Catalogues are immutable, so what was found in one stays true. */
const ordered = new WeakMap<Catalogue, Ordered>();
/** Tool names one catalogue remembers; a server that invents names starts it anew. */
const MAX_KNOWN = 4_096;
const MAX_TOOL_CHARS = 256;

/** The entry that speaks of this tool, the most specific one; null when none does. */
export function catalogueEntry(catalogue: Catalogue, server: string, tool: string): CatalogueEntry | null {
  let index = ordered.get(catalogue);
  if (index === undefined) {
    index = { entries: catalogue.tools.toSorted(bySpecificity), known: new Map() };
    ordered.set(catalogue, index);
  }
  const key = `${server}\n${tool}`;
  const known = index.known.get(key);
  if (known !== undefined) return known;
  const entry =
    tool.length > MAX_TOOL_CHARS
      ? null
      : (index.entries.find((each) => matchesName(each.server, server) && matchesName(each.tool, tool)) ??
        null);
  if (index.known.size >= MAX_KNOWN) index.known.clear();
  if (key.length <= 2 * MAX_TOOL_CHARS) index.known.set(key, entry);
  return entry;
}

/** Most specific first: the tool's name before the server's, exact before glob, longer before shorter. */
export function bySpecificity(
  a: Pick<CatalogueEntry, 'server' | 'tool'>,
  b: Pick<CatalogueEntry, 'server' | 'tool'>,
): number {
  return (
    exact(b.tool) - exact(a.tool) ||
    literal(b.tool) - literal(a.tool) ||
    exact(b.server) - exact(a.server) ||
    literal(b.server) - literal(a.server)
  );
}

function literal(glob: string): number {
  return glob.replaceAll('*', '').length;
}

function exact(glob: string): number {
  return glob.includes('*') ? 0 : 1;
}

/** True when the operator's catalogue describes this tool. */
export function isCatalogued(catalogue: Catalogue, server: string, tool: string): boolean {
  return catalogueEntry(catalogue, server, tool) !== null;
}
