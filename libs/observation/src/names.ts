/** Names and named things in running text: capitalised runs, what is quoted, and what a naming noun points at. */
import { shortText, type Classified } from './kinds.js';
import type { Token } from './tokens.js';
import { FUNCTION_WORDS, IMPERATIVE_VERBS, LEAD_INS, NAMING_NOUNS, SENTENCE_OPENERS } from './words.js';

const PARTICLES = new Set(['de', 'du', 'da', 'di', 'la', 'le', 'of', 'van', 'von', 'the', 'der', 'and']);
/** Words of one name; a longer run is a heading. */
const MAX_NAME_WORDS = 6;
const DETERMINERS = new Set(['the', 'our', 'my', 'your', 'this', 'that', 'a', 'an']);

const capital = (token: Token): boolean =>
  /^\p{Lu}/u.test(token.text) && (token.word !== '' || token.value?.kind === 'id');

/** Not a name when it opens a sentence or is a word of grammar. */
function opener(token: Token, first: boolean): boolean {
  const { word } = token;
  if (FUNCTION_WORDS.has(word) || SENTENCE_OPENERS.has(word)) return true;
  return first && (IMPERATIVE_VERBS.has(word) || LEAD_INS.has(word));
}

function runEnd(list: readonly Token[], from: number): number {
  let end = from + 1;
  while (end < list.length && end - from < MAX_NAME_WORDS && !list[end]!.apart) {
    const token = list[end]!;
    const next = list[end + 1];
    if (capital(token)) end++;
    else if (PARTICLES.has(token.word) && next !== undefined && !next.apart && capital(next)) end += 2;
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
  const grammar =
    FUNCTION_WORDS.has(token.word) || IMPERATIVE_VERBS.has(token.word) || NAMING_NOUNS.has(token.word);
  return grammar ? null : shortText(token.text);
}

/** "user alicemiller", "the general channel". */
function pointedAt(list: readonly Token[], visit: (value: Classified) => void): void {
  for (let at = 0; at < list.length; at++) {
    if (!NAMING_NOUNS.has(list[at]!.word)) continue;
    const after = list[at + 1]?.apart === false || list[at]!.colon ? plainName(list[at + 1]) : null;
    if (after !== null) visit(after);
    const before =
      at >= 2 && !list[at]!.apart && DETERMINERS.has(list[at - 2]!.word) ? plainName(list[at - 1]) : null;
    if (before !== null) visit(before);
  }
}

/** Every name found in one unit of prose. Linear in its length. */
export function namesIn(text: string, list: readonly Token[], visit: (value: Classified) => void): void {
  capitalised(list, visit);
  quotations(text, visit);
  pointedAt(list, visit);
}

/** Content words of an intent: what the user named in lower case counts as named. */
export function contentWords(list: readonly Token[], visit: (value: Classified) => void): void {
  for (const token of list) {
    if (token.word.length < 3 || FUNCTION_WORDS.has(token.word)) continue;
    const value = shortText(token.text);
    if (value !== null) visit(value);
  }
}
