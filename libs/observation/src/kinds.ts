/**
 * What one token is. The kind follows from the token's own text alone, never from where it stands, so that the same
 * value gets the same fingerprint in an intent, an argument and a result.
 */
import { isCard, isIban } from './checksums.js';
import { hasFileEnding, isIpV4, looksLikeHost, normalHost } from './hosts.js';
import { MAX_TEXT_CHARS } from './limits.js';
import {
  amountForm,
  codeForm,
  emailForm,
  numberForm,
  pathForm,
  siteForm,
  textForm,
  type Plain,
} from './normal.js';

/** `weak` ones are only taken where the token stands by itself (a field, an argument, quoted), not in prose. */
export interface Classified extends Plain {
  weak: boolean;
  /** The host of a URL, as a second value. */
  host?: string;
}

function found(
  kind: Plain['kind'],
  family: Plain['family'],
  normal: string,
  weak = false,
): Classified | null {
  return normal === '' ? null : { kind, family, normal, weak };
}

const DATE =
  /^(?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4})(?:[T ]?\d{1,2}[:.]\d{2}.{0,24})?$/;
const TIME = /^\d{1,2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:[+-]\d{1,2}(?::?\d{2})?|z|am|pm)?$/i;

export function isTime(token: string): boolean {
  return TIME.test(token) || DATE.test(token);
}

/** A URL with a scheme, or one that begins with `www.`. */
export function classifyUrl(text: string): Classified | null {
  if (/^mailto:/i.test(text)) return classifyEmail(text.replace(/\?.*$/s, ''));
  if (/^file:/i.test(text)) return found('path', 'path', pathForm(text));
  const site = siteForm(text);
  if (site === null) return null;
  const host = site.whole === site.host ? {} : { host: site.host };
  return { kind: 'url', family: 'web', normal: site.whole, weak: false, ...host };
}

function classifyEmail(token: string): Classified | null {
  const email = emailForm(token);
  return email === null ? null : found('email', 'email', email);
}

function withAt(token: string): Classified | null {
  if (/^@[a-z0-9_.-]{2,64}$/i.test(token)) return found('id', 'code', codeForm(token));
  return (
    classifyEmail(token) ??
    (/^@?[\w.-]+\/[\w./@-]+$/.test(token) ? found('path', 'path', pathForm(token)) : null)
  );
}

function withSlash(token: string): Classified | null {
  if (isTime(token)) return null;
  const first = token.slice(0, token.search(/[/\\:?#]/));
  if (first.includes('.') && looksLikeHost(first) && !first.startsWith('.')) return classifyUrl(token);
  const rooted = /^(?:[a-z]:)?[/\\]|^\.{1,2}[/\\]|^~[/\\]/i.test(token);
  const steps = token.split(/[/\\]+/).filter((step) => step !== '');
  if (steps.length === 0) return null;
  const plain = !rooted && !hasFileEnding(token) && steps.length < 3;
  return found('path', 'path', pathForm(token), plain || steps.every((step) => /^\d*$/.test(step)));
}

function withDot(token: string): Classified | null {
  if (isIpV4(token)) return found('host', 'web', token);
  if (/^[-+]?\d[\d.,]{0,30}$/.test(token)) return amount(token, !/[.,]\d{2}$/.test(token));
  if (/^[\d.,+-]*$/.test(token)) return null;
  if (looksLikeHost(token)) return found('host', 'web', normalHost(token) ?? '');
  if (hasFileEnding(token)) return found('path', 'path', pathForm(token));
  if (!/^[\w.-]+$/.test(token) || /^(?:[a-z]\.)+[a-z]?$/i.test(token)) return null;
  return found('id', 'code', codeForm(token), !/\d/.test(token));
}

export function amount(text: string, weak: boolean): Classified | null {
  const normal = amountForm(text);
  return normal === null ? null : found('amount', 'number', normal, weak);
}

/** Digits without gap: a card by checksum, else an id that shares the family of phone and account numbers. */
export function classifyDigits(digits: string): Classified | null {
  if (isCard(digits)) return found('card', 'number', digits);
  // 00 before a country code and a number of at least eight digits is the dialled form of `+`.
  return digits.length >= 6
    ? found('id', 'number', digits.replace(/^00(?=[1-9]\d{8})/, ''))
    : amount(digits, true);
}

const ACCOUNT = /^[A-Z]{2}\d{2}[A-Z0-9]{6,30}$/;
/** Ethereum, Bech32 and Base58 wallet addresses. */
const WALLET =
  /^(?:0x[0-9a-fA-F]{40}|bc1[a-z0-9]{25,62}|(?=[a-zA-Z1-9]*[a-z])(?=[a-zA-Z1-9]*[A-Z])[13][a-km-zA-HJ-NP-Z1-9]{25,34})$/;
/** "1st", "16GB", "4K", "10am", "M3", "3D": quantities and names of things, not ids. */
const QUANTITY = /^(?:\d{1,4}(?:\.\d+)?[a-z%°]{1,4}|[a-z]\d|\d{1,3}-[a-z]+)$/i;

/** IBAN, account, wallet or id of letters and digits; a word of letters alone is none. */
export function classifyCode(token: string): Classified | null {
  if (!/^[\p{L}\p{N}_#:~-]+$/u.test(token)) return null;
  const code = codeForm(token);
  const digits = code.replace(/\D+/g, '').length;
  if (isIban(code)) return found('iban', 'code', code);
  if ((ACCOUNT.test(token) && digits >= 6) || WALLET.test(token)) return found('account', 'code', code);
  if (digits === code.length) return /^#?\d+$/.test(token) ? classifyDigits(code) : null;
  if (QUANTITY.test(token)) return null;
  const joined = /[\p{L}\p{N}]_[\p{L}\p{N}]/u.test(token);
  if (digits === 0 && !joined) return null;
  return code.length < 3 ? null : found('id', 'code', code);
}

/** One token without spaces around or within. Null for a plain word, a date, a time, a quantity. */
export function classifyToken(token: string): Classified | null {
  if (token.length < 2 || isTime(token)) return null;
  if (token.includes('://') || /^(?:www\.|mailto:)/i.test(token)) return classifyUrl(token);
  if (token.includes('@')) return withAt(token);
  if (token.includes('/') || token.includes('\\')) return withSlash(token);
  const port = /^([\w.-]+):\d{2,5}$/.exec(token);
  if (port !== null && port[1]!.includes('.') && looksLikeHost(port[1]!)) return classifyUrl(token);
  if (token.includes('.')) return withDot(token);
  return classifyCode(token);
}

const CURRENCY =
  '[$€£¥₹]|(?:USD|EUR|GBP|CHF|JPY|CNY|INR|CAD|AUD|SEK|NOK|DKK|PLN|dollars?|euros?|pounds?)(?![a-z])';
const MONEY_AFTER = new RegExp(`^-?\\d[\\d.,]{0,20}\\s{0,2}(?:${CURRENCY})`, 'i');
const MONEY_BEFORE = new RegExp(`^(?:${CURRENCY})\\s{0,2}-?\\d[\\d.,]{0,20}`, 'i');
/** Cards as printed: four groups of four (more or less in the last), or 4-6-5. */
const CARD = /^(?:\d{4}([ -])\d{4}\1\d{4}\1\d{1,7}|\d{4}([ -])\d{6}\2\d{4,5})(?!\d)/;
/** `+49 (0)30 123 45-67`, `0049 30 1234567`. Groups begin with a mark, so there is one way to match. */
const INTERNATIONAL =
  /^(?:\+\d{1,15}|00[1-9]\d{0,14})(?:[ .\-/]{0,2}\(\d{1,5}\)\d{0,10}|[ .\-/]\d{1,10}){0,6}(?!\d)/;
/** `(555) 010-0199`, `555-010-0199`, `555.010.0199`, `1-555-010-0199`. */
const NORTH_AMERICAN = /^(?:1[ .-])?(?:\(\d{3}\) ?|\d{3}[ .-])\d{3}[ .-]\d{4}(?![\d]|[ .-]\d{3})/;
/** `030 / 123 45 67`, `(030) 1234567`, `01 23 45 67 89`: a leading zero, then groups. */
const NATIONAL = /^\(?0\d{1,5}\)?(?: ?[/ -] ?\d{2,8}){1,4}(?!\d)/;
const SPACED_IBAN = /^[A-Z]{2}\d{2}(?:[ -]?[A-Z0-9]{4}){2,7}(?:[ -]?[A-Z0-9]{1,4})?(?![A-Za-z0-9])/;
/** Fewest digits of a phone or card number. */
const MIN_RUN_DIGITS = 7;
const MIN_NATIONAL_DIGITS = 9;

/** A value of several words, and how many characters it took. */
export interface Spaced {
  value: Classified;
  length: number;
}

const MAX_PHONE_DIGITS = 15;

/** What looks like a group of the number but is a word of the sentence after it ("… 0199 2 times"). */
function withoutTail(run: string): string {
  let kept = run;
  while (/[ .\-/]\d$/.test(kept) || numberForm(kept).length > MAX_PHONE_DIGITS) {
    const cut = kept.search(/[ .\-/]+\(?\d+\)?$/);
    if (cut <= 0) break;
    kept = kept.slice(0, cut);
  }
  return kept;
}

function phoneIn(window: string): Spaced | null {
  const foreign = INTERNATIONAL.exec(window)?.[0];
  const run =
    foreign === undefined
      ? (NORTH_AMERICAN.exec(window) ?? NATIONAL.exec(window))?.[0]
      : withoutTail(foreign);
  if (run === undefined || isTime(run)) return null;
  const digits = run.replace(/\D+/g, '').length;
  const least = foreign === undefined ? MIN_NATIONAL_DIGITS : MIN_RUN_DIGITS;
  if (digits < least || digits > MAX_PHONE_DIGITS || /^[\p{L}\p{N}_@]/u.test(window.slice(run.length)))
    return null;
  // Without a gap or a plus it is a number like any other.
  if (!run.startsWith('+') && /^\d+$/.test(run)) return null;
  return { value: found('phone', 'number', numberForm(run))!, length: run.length };
}

function numericRun(window: string): Spaced | null {
  const card = CARD.exec(window)?.[0];
  const digits = card?.replace(/\D+/g, '') ?? '';
  if (card !== undefined && isCard(digits))
    return { value: found('card', 'number', digits)!, length: card.length };
  return phoneIn(window);
}

/** Digits from here on with only the marks of one number between them: cheap, before any pattern is tried. */
function digitsAhead(text: string, from: number, to: number): { digits: number; next: number } {
  let digits = 0;
  let brackets = 0;
  let at = from;
  for (; at < to; at++) {
    const c = text.charCodeAt(at);
    if (c >= 48 && c <= 57) digits++;
    else if (c === 40 && ++brackets > 1) break;
    else if (c === 43 && at > from) break;
    else if (c !== 32 && (c < 40 || c > 47 || c === 42)) break;
  }
  return { digits, next: text.charCodeAt(at) };
}

/** Whether a currency may begin with this character: a sign, or the letter of a code. */
const currencyStart = (c: number): boolean => c === 36 || c > 127 || (c | 32) >= 97;

/** Money, card and phone numbers and IBANs written with gaps, at `from`, at most to `to` (≤ 64 characters on). */
export function classifySpaced(text: string, from: number, to: number): Spaced | null {
  const end = Math.min(to, text.length);
  const first = text.charCodeAt(from);
  if ((first >= 48 && first <= 57) || first === 43 || first === 40) {
    const { digits, next } = digitsAhead(text, from, end);
    const money = currencyStart(next) && first !== 43 && first !== 40;
    if (digits < MIN_RUN_DIGITS && !money) return null;
    const window = text.slice(from, end);
    return (
      (money ? moneyIn(MONEY_AFTER, window) : null) ?? (digits < MIN_RUN_DIGITS ? null : numericRun(window))
    );
  }
  const window = text.slice(from, end);
  const iban = first >= 65 && first <= 90 ? SPACED_IBAN.exec(window)?.[0] : undefined;
  if (iban !== undefined && isIban(codeForm(iban)))
    return { value: found('iban', 'code', codeForm(iban))!, length: iban.length };
  return moneyIn(MONEY_BEFORE, window);
}

function moneyIn(pattern: RegExp, window: string): Spaced | null {
  const money = pattern.exec(window)?.[0];
  const value = money === undefined ? null : amount(money, false);
  return value === null ? null : { value, length: money!.length };
}

/** Every word begins with a capital letter, or joins those that do. */
function isNamed(text: string): boolean {
  const first = text.charCodeAt(0);
  if (first >= 97 && first <= 122 && !/^(?:of|the|and|de|la)(?:\s|$)/.test(text)) return false;
  return text
    .split(/\s+/)
    .every((word) => /^["'(]?\p{Lu}/u.test(word) || /^(?:of|the|and|de|la|&)$/.test(word));
}

/** A short text as a whole: `name` where its words are capitalised, else `text`. They share one family. */
export function shortText(text: string): Classified | null {
  if (text.length > MAX_TEXT_CHARS) return null;
  const normal = textForm(text);
  if (normal.length < 2 || !/\p{L}/u.test(normal)) return null;
  return found(isNamed(text) ? 'name' : 'text', 'text', normal);
}

/** What a whole field, table cell or argument is: one value, or a short text, or nothing. */
export function classifyWhole(text: string): Classified | null {
  if (text.length === 0 || text.length > 2_048) return null;
  if (isTime(text)) return null;
  const spaced = classifySpaced(text, 0, 64);
  if (spaced !== null && spaced.length === text.length) return spaced.value;
  if (!/\s/.test(text)) {
    const token = classifyToken(text);
    if (token !== null) return token;
  }
  return shortText(text);
}
