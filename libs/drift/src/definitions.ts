/** Tool definitions as an agent knows them: bounded, by digest. */
import { shortDigest } from './hash.js';
import { LIMITS } from './limits.js';
import type { Definition } from './state.js';

/** 64 bits, in hex: another definition to the same digest would have to be found by trying 2^64. */
const DIGEST_CHARACTERS = 16;

/** Null = not known, or forgotten. */
export function definitionOf(
  definitions: readonly Definition[],
  server: string,
  tool: string,
): Definition | null {
  const length = server.length + 1 + tool.length;
  for (const known of definitions) {
    const name = known.tool;
    if (
      name.length === length &&
      name.endsWith(tool) &&
      name[server.length] === '/' &&
      name.startsWith(server)
    )
      return known;
  }
  const name = nameOf(server, tool);
  return name.startsWith('#') ? (definitions.find((known) => known.tool === name) ?? null) : null;
}

export function isChanged(known: Definition, digest: string): boolean {
  return known.digest !== digest.slice(0, DIGEST_CHARACTERS);
}

/** With this one as the latest seen. Beyond the limit the one not seen for longest is forgotten. */
export function withDefinition(
  definitions: Definition[],
  server: string,
  tool: string,
  digest: string,
): Definition[] {
  const known = definitionOf(definitions, server, tool);
  // Called again and again, it stays where it is: an order that is only roughly right is enough.
  if (known !== null && !isChanged(known, digest) && definitions.length < LIMITS.definitions)
    return definitions;
  const fresh = { tool: nameOf(server, tool), digest: digest.slice(0, DIGEST_CHARACTERS) };
  return [...definitions.filter((one) => one !== known), fresh].slice(-LIMITS.definitions);
}

/** Every character of a name that is kept is one byte. */
const PLAIN = /^[\x21-\x7e]*$/;

function nameOf(server: string, tool: string): string {
  const name = `${server}/${tool}`;
  const short = name.length <= LIMITS.definitionBytes && !name.startsWith('#') && PLAIN.test(name);
  return short ? name : `#${shortDigest(name)}`;
}
