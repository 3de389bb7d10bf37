/**
 * Normal forms: what makes two spellings the same value. `schemas/values.md` is the specification with test vectors;
 * a change here is a new version there. Every function is linear in a bounded text.
 */
import type { ValueKind } from '#activity/types';
import { plainText } from './chars.js';
import { normalHost } from './hosts.js';
import { MAX_TOKEN_CHARS } from './limits.js';

/** Version of the normal forms; part of every fingerprint's domain. */
export const VALUES_VERSION = 1;

/**
 * What is fingerprinted with the normal form in place of the kind: kinds of one family differ in confidence, not in
 * what they name (a number of ten digits is a phone number or an account number, a site is a URL or a host).
 */
export type Family = 'email' | 'web' | 'number' | 'code' | 'path' | 'text';

/** A value before it is fingerprinted. */
export interface Plain {
  kind: ValueKind;
  family: Family;
  /** Normal form. */
  normal: string;
}

/** Most names and words: nothing in them but case has another form. */
const PLAIN_WORDS = /^[A-Za-z0-9]+(?: [A-Za-z0-9]+)*$/;

export function textForm(text: string): string {
  if (PLAIN_WORDS.test(text)) return text.toLowerCase();
  return plainText(text)
    .toLowerCase()
    .replace(/[‘’]/g, "'")
    .replace(/^[\s"'`.,:;!?*_()[\]{}<>|-]+/, '')
    .replace(/[\s"'`.,:;!?*_()[\]{}<>|-]{1,80}$/, '')
    .replace(/\s+/g, ' ');
}

export function emailForm(text: string): string | null {
  const bare = text.replace(/^mailto:/i, '').toLowerCase();
  const at = bare.lastIndexOf('@');
  const host = normalHost(bare.slice(at + 1));
  if (at < 1 || at > 64 || host === null || !host.includes('.')) return null;
  const local = bare.slice(0, at);
  return /[\s@"'<>(),;:\\[\]]/.test(local) ? null : `${local}@${host}`;
}

/** Digits of a number as written; leading `+` and `00` of a phone number and `(0)` after a country code are dropped. */
export function numberForm(text: string): string {
  const country = /^\s*(?:\+|00)/.test(text);
  const digits = (country ? text.replace('(0)', '') : text).replace(/\D+/g, '');
  return country ? digits.replace(/^00/, '') : digits;
}

export function codeForm(text: string): string {
  return text.toUpperCase().replace(/[\s\-_.:/#@]+/g, '');
}

/** A decimal without currency, grouping, sign of plus and trailing zeros. Null when it is no number. */
export function amountForm(text: string): string | null {
  const plain = /^[$€£¥₹]?(\d{1,15})$/.exec(text);
  if (plain !== null) return plain[1]!.replace(/^0+(?=\d)/, '');
  let digits = text
    .replace(/[^\d.,-]+/g, '')
    .replace(/(?!^)-/g, '')
    .replace(/^[.,]+|[.,]+$/g, '');
  const decimal =
    /[.,](\d{1,2})$/.exec(digits) ?? (/^-?\d*\.\d+$/.test(digits) ? /\.(\d+)$/.exec(digits) : null);
  const fraction = decimal === null ? '' : decimal[1]!.replace(/0+$/, '');
  if (decimal !== null) digits = digits.slice(0, decimal.index);
  const whole = digits.replace(/[.,]/g, '').replace(/^(-?)0+(?=\d)/, '$1');
  if (!/^-?\d*$/.test(whole) || (whole === '' && fraction === '')) return null;
  return fraction === ''
    ? whole || '0'
    : `${whole === '' || whole === '-' ? `${whole}0` : whole}.${fraction}`;
}

/** One slash, no `./`, no empty steps, `..` resolved, no ending slash, no `file:`, lower case. */
export function pathForm(text: string): string {
  const slashed = text
    .toLowerCase()
    .replace(/^file:\/\/(?:localhost(?=\/))?/, '')
    .replaceAll('\\', '/');
  const steps: string[] = [];
  for (const step of slashed.split('/')) {
    if (step === '' || step === '.') continue;
    if (step === '..' && steps.length > 0 && steps.at(-1) !== '..') steps.pop();
    else steps.push(step);
  }
  return (slashed.startsWith('/') ? '/' : '') + steps.join('/');
}

const DEFAULT_PORTS: Record<string, string> = { http: '80', https: '443', ws: '80', wss: '443', ftp: '21' };

function unescapeUnreserved(text: string): string {
  return text.replace(/%([0-9a-f]{2})/gi, (escape, hex: string) => {
    const c = String.fromCharCode(parseInt(hex, 16));
    return /[a-z0-9\-._~]/i.test(c) ? c : escape.toUpperCase();
  });
}

/** The parts of a URL that say where it goes. Null when there is no host. */
export interface Site {
  /** Normal form of the host. */
  host: string;
  /** Normal form of the whole: host, port unless usual, path, query; no web scheme, user info or fragment. */
  whole: string;
}

const URL_PARTS =
  /^(?:([a-z][a-z0-9+.-]{0,15}):\/\/)?(?:[^/?#@]{0,256}@)?(\[[0-9a-f:.]{2,45}\]|[^/?#:@]{1,253})(?::(\d{0,5}))?([/?#].*)?$/is;

/** `text` is a URL with a scheme, or one that starts with its host. */
export function siteForm(text: string): Site | null {
  if (text.length > MAX_TOKEN_CHARS) return null;
  const parts = URL_PARTS.exec(text.replaceAll('\\', '/'));
  if (parts === null) return null;
  const scheme = (parts[1] ?? 'https').toLowerCase();
  const raw = parts[2]!;
  const host = raw.startsWith('[') ? raw.toLowerCase() : normalHost(raw);
  if (host === null) return null;
  const port = parts[3] && parts[3] !== DEFAULT_PORTS[scheme] ? `:${parts[3]}` : '';
  const [path = '', ...query] = (parts[4] ?? '').replace(/#.*$/s, '').split('?');
  const normalPath = `/${unescapeUnreserved(path)
    .split('/')
    .filter((step) => step !== '')
    .join('/')}`;
  const search = query.length > 0 && query.join('?') !== '' ? `?${unescapeUnreserved(query.join('?'))}` : '';
  const tail = normalPath === '/' && search === '' ? '' : normalPath + search;
  const web = scheme in DEFAULT_PORTS;
  return { host, whole: `${web ? '' : `${scheme}://`}${host}${port}${tail}` };
}
