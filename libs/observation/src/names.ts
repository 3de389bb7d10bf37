/** Names and named things in running text: capitalised runs, what is quoted, and what a naming noun points at. */
import { shortText, type Classified } from './kinds.js';
import type { Token } from './tokens.js';
import { ROLE } from './words.js';

/** Words of one name; a longer run is a heading. */
const MAX_NAME_WORDS = 6;

const capital = (token: Token): boolean => token.capital && (token.word !== '' || token.value?.kind === 'id');
const is = (token: Token, roles: number): boolean => (token.roles & roles) !== 0;

/** Not a name when it opens a sentence or is a word of grammar. */
function opener(token: Token, first: boolean): boolean {
  return is(token, ROLE.function | ROLE.opener) || (first && is(token, ROLE.verb | ROLE.leadIn));
}

function runEnd(list: readonly Token[], from: number): number {
  let end = from + 1;
  while (end < list.length && end - from < MAX_NAME_WORDS && !list[end]!.apart) {
    const token = list[end]!;
    const next = list[end + 1];
    if (capital(token)) end++;
    else if (is(token, ROLE.particle) && next !== undefined && !next.apart && capital(next)) end += 2;
    else break;
  }
  return end;
}

function joined(list: readonly Token[], from: number, to: number): string {
  let text = list[from]!.text;
  for (let i = from + 1; i < to; i++) text += ` ${list[i]!.text}`;
  return text;
}

function capitalised(list: readonly Token[], visit: (value: Classified) => void): void {
  for (let at = 0; at < list.length;) {
    const token = list[at]!;
    if (!capital(token) || opener(token, at === 0 || token.clause)) {
      at++;
      continue;
    }
    const end = runEnd(list, at);
    const value = end - at === 1 && token.value !== null ? null : shortText(joined(list, at, end));
    if (value !== null) visit(value);
    at = end;
  }
}

const QUOTE = /["'`“‘«]/;
/** Words of a quotation; a longer one is a sentence. */
const MAX_QUOTED_WORDS = 8;

function quotations(text: string, visit: (value: Classified) => void): void {
  for (const match of text.matchAll(
    /(?<![\p{L}\p{N}])(["'`“‘«])([^"'`“”‘’«»\n]{2,80})["'`”’»](?![\p{L}\p{N}])/gu,
  )) {
    const inner = match[2]!;
    if (inner.split(/\s+/).length > MAX_QUOTED_WORDS) continue;
    const value = shortText(inner);
    if (value !== null) visit(value);
  }
}

function plainName(token: Token | undefined): Classified | null {
  if (token === undefined || token.word.length < 3) return null;
  return is(token, ROLE.function | ROLE.verb | ROLE.naming) ? null : shortText(token.text);
}

/** "user ninaholt", "the general channel". */
function pointedAt(list: readonly Token[], visit: (value: Classified) => void): void {
  for (let at = 0; at < list.length; at++) {
    if (!is(list[at]!, ROLE.naming)) continue;
    const after = list[at + 1]?.apart === false || list[at]!.colon ? plainName(list[at + 1]) : null;
    if (after !== null) visit(after);
    const before =
      at >= 2 && !list[at]!.apart && is(list[at - 2]!, ROLE.determiner) ? plainName(list[at - 1]) : null;
    if (before !== null) visit(before);
  }
}

/** Every name found in one unit of prose. Linear in its length. */
export function namesIn(text: string, list: readonly Token[], visit: (value: Classified) => void): void {
  capitalised(list, visit);
  if (QUOTE.test(text)) quotations(text, visit);
  pointedAt(list, visit);
}

/** Words of one phrase: "wireless running shoes". */
const MAX_PHRASE_WORDS = 3;

/** Content words, and what two or three of them side by side name: whatever is said in lower case counts as named. */
export function contentWords(list: readonly Token[], visit: (value: Classified) => void): void {
  for (let at = 0; at < list.length; at++) {
    if (!isContent(list[at])) continue;
    for (let to = at + 1; to <= at + MAX_PHRASE_WORDS; to++) {
      const value = shortText(joined(list, at, to));
      if (value !== null) visit(value);
      if (list[to]?.apart !== false || !isContent(list[to])) break;
    }
  }
}

/** What two or three content words side by side name: "a garden bench". */
export function phrases(list: readonly Token[], visit: (value: Classified) => void): void {
  for (let at = 0; at < list.length; at++) {
    if (!isContent(list[at])) continue;
    for (let to = at + 2; to <= at + MAX_PHRASE_WORDS; to++) {
      if (list[to - 1]?.apart !== false || !isContent(list[to - 1])) break;
      const value = shortText(joined(list, at, to));
      if (value !== null) visit(value);
    }
  }
}

function isContent(token: Token | undefined): boolean {
  return token !== undefined && token.word.length >= 3 && !is(token, ROLE.function);
}
