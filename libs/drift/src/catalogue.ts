import { matchesName } from './glob.js';
import type { Catalogue } from './policy.js';

/** True when the operator's catalogue describes this tool. */
export function isCatalogued(catalogue: Catalogue, server: string, tool: string): boolean {
  return catalogue.tools.some((entry) => matchesName(entry.server, server) && matchesName(entry.tool, tool));
}
