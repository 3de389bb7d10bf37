/** Classes of UTF-16 units, by table for ASCII. Everything beyond ASCII that is no space or quote counts as a letter. */
const DIGIT = 1;
const UPPER = 2;
const LOWER = 4;
const SPACE = 8;
const BREAK = 16;

const TABLE = new Uint8Array(128);
for (let c = 0; c <= 32; c++) TABLE[c] = SPACE;
TABLE[127] = SPACE;
for (let c = 48; c <= 57; c++) TABLE[c] = DIGIT;
for (let c = 65; c <= 90; c++) TABLE[c] = UPPER;
for (let c = 97; c <= 122; c++) TABLE[c] = LOWER;
for (const c of '"`<>()[]{}|,;*=!?&') TABLE[c.charCodeAt(0)] = BREAK;

/** No-break space, typographic quotes, dashes and ellipsis, CJK punctuation: they end a token. */
function beyondAscii(c: number): number {
  if (c === 0xa0 || c === 0x3000 || c === 0x2028 || c === 0x2029 || (c >= 0x2000 && c <= 0x200a))
    return SPACE;
  if (c >= 0x2013 && c <= 0x2027) return BREAK;
  if ((c >= 0x3001 && c <= 0x3003) || (c >= 0x3008 && c <= 0x3011) || c === 0xab || c === 0xbb) return BREAK;
  return LOWER;
}

function classOf(c: number): number {
  return c < 128 ? TABLE[c]! : beyondAscii(c);
}

export const isDigit = (c: number): boolean => c >= 48 && c <= 57;
export const isSpace = (c: number): boolean => (classOf(c) & SPACE) !== 0;
/** Ends a token that is not a URL. */
export const isBreak = (c: number): boolean => (classOf(c) & (SPACE | BREAK)) !== 0;
export const isLetter = (c: number): boolean => (classOf(c) & (UPPER | LOWER)) !== 0;
export const isAlnum = (c: number): boolean => (classOf(c) & (DIGIT | UPPER | LOWER)) !== 0;

const CAPITAL = /^\p{Lu}/u;
export const isUpper = (c: number): boolean =>
  c < 128 ? c >= 65 && c <= 90 : CAPITAL.test(String.fromCharCode(c));

/** Han, Kana and Hangul are written without gaps: words cannot be counted there. */
export const isIdeograph = (c: number): boolean =>
  (c >= 0x3040 && c <= 0x30ff) || (c >= 0x3400 && c <= 0x9fff) || (c >= 0xac00 && c <= 0xd7a3);

const BEYOND_ASCII = /[\u0080-\uffff]/;
/** Format characters (zero width, direction marks, tags) and variation selectors. */
const INVISIBLE = /\p{Cf}|\p{Variation_Selector}|\u034f/gu;

/** Two ligatures of whole phrases: folded they would grow to 18 times their length, and no value holds them. */
const PHRASES = /[\ufdfa\ufdfb]/g;

/** Compatibility forms folded and invisible characters taken out, so that neither hides a value. Linear. */
export function plainText(text: string): string {
  return BEYOND_ASCII.test(text) ? text.replace(INVISIBLE, '').replace(PHRASES, ' ').normalize('NFKC') : text;
}

/** The longest prefix of at most `maxBytes` UTF-8 bytes that ends on a whole character. */
export function cutBytes(text: string, maxBytes: number): string {
  if (text.length * 3 <= maxBytes || Buffer.byteLength(text) <= maxBytes) return text;
  const bytes = Buffer.from(text.slice(0, maxBytes));
  let end = Math.min(maxBytes, bytes.length);
  while (end > 0 && (bytes[end]! & 0xc0) === 0x80) end--;
  return bytes.toString('utf8', 0, end);
}
