/**
 * Two JSON readers may disagree about `{"method":"a","method":"b"}`. What the gateway judges must be what the server
 * runs, so a text with a repeated member name (after unescaping) is refused. One pass, linear, no recursion.
 */
import { DEPTH_MAX } from '../limits.js';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** True when an object repeats a member, or nesting exceeds `DEPTH_MAX`. `text` must be valid JSON. */
export function repeatsMember(text: string): boolean {
  /** Names seen per open object; null for an open array. */
  const open: (Set<string> | null)[] = [];
  let expectName = false;
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at];
    if (char === '"') {
      const end = stringEnd(text, at);
      const names = open.at(-1);
      if (expectName && names) {
        const name = JSON.parse(text.slice(at, end + 1)) as string;
        if (names.has(name)) return true;
        names.add(name);
        expectName = false;
      }
      at = end;
    } else if (char === '{' || char === '[') {
      if (open.length >= DEPTH_MAX) return true;
      open.push(char === '{' ? new Set() : null);
      expectName = char === '{';
    } else if (char === '}' || char === ']') {
      open.pop();
      expectName = false;
    } else if (char === ',') {
      expectName = open.at(-1) != null;
    }
  }
  return false;
}

/** Index of the closing quote of the string that opens at `start`. */
function stringEnd(text: string, start: number): number {
  let at = start + 1;
  while (text.charCodeAt(at) !== QUOTE) at += text.charCodeAt(at) === BACKSLASH ? 2 : 1;
  return at;
}
