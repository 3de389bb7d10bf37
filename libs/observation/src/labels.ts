/**
 * Data classes found in text: personal data, financial data, cards, credentials. Every pattern is linear: a literal
 * beginning and bounded repetition. Precision first: a label nobody trusts is worse than none.
 */
import type { ValueKind } from '#activity/types';
import { plainText } from './chars.js';
import { leavesOf, type Leaf, type Leaves } from './structure.js';
import { tokenize } from './tokens.js';

const BY_KIND: Partial<Record<ValueKind, readonly string[]>> = {
  email: ['pii'],
  phone: ['pii'],
  iban: ['financial', 'pii'],
  card: ['financial', 'pci'],
};

/** Formats that only their issuers use. */
const TOKENS: readonly RegExp[] = [
  /\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}\b/,
  /\bgh[pousr]_[A-Za-z0-9]{36,255}\b/,
  /\bgithub_pat_[A-Za-z0-9_]{22,255}\b/,
  /\bglpat-[A-Za-z0-9_-]{20,64}\b/,
  /\bxox[abeoprs]-[A-Za-z0-9-]{10,250}\b/,
  /\bhooks\.slack\.com\/services\/T[A-Z0-9]{6,12}\/B[A-Z0-9]{6,12}\/[A-Za-z0-9]{16,32}\b/,
  /\beyJ[A-Za-z0-9_-]{8,2000}\.eyJ[A-Za-z0-9_-]{8,4000}\.[A-Za-z0-9_-]{0,2000}/,
  /-----BEGIN (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----/,
  /\bAIza[A-Za-z0-9_-]{35}\b/,
  /\b(?:sk|rk)_live_[A-Za-z0-9]{16,247}\b/,
  /\bsk-(?:ant-|proj-|svcacct-)?[A-Za-z0-9_-]{32,250}\b/,
  /\bnpm_[A-Za-z0-9]{36}\b/,
  /\bpypi-AgE[A-Za-z0-9_-]{50,250}\b/,
  /\bSG\.[A-Za-z0-9_-]{16,32}\.[A-Za-z0-9_-]{32,64}\b/,
  /\bya29\.[A-Za-z0-9_-]{20,500}/,
  /\bdop_v1_[a-f0-9]{64}\b/,
  /\bhvs\.[A-Za-z0-9_-]{20,200}\b/,
];

const SECRET_NAME =
  'pass(?:word|wd|phrase)|passwd|pwd|api[_ -]?key|secret[_ -]?key|access[_ -]?key(?:[_ -]?id)?|private[_ -]?key|client[_ -]?secret|auth[_ -]?token|access[_ -]?token|refresh[_ -]?token|bearer[_ -]?token|secret[_ -]?access[_ -]?key|pin[_ -]?code';
const SECRET_FIELD = new RegExp(
  `(?:^|[^a-z])(?:${SECRET_NAME}|secret|otp|pin)(?:$|[^a-z])|(?:password|passwd|apikey|secretkey|accesstoken|clientsecret|privatekey)$`,
  'i',
);
/** `password: hunter2!`, `api_key = "…"`, `API_KEY=…`. */
const ASSIGNMENT = new RegExp(
  `(?:${SECRET_NAME})["'\`*]{0,3}\\s{0,3}(?:[:=]|=>|\\bis\\b:?)\\s{0,3}["'\`*]{0,3}([^\\s"'\`,;<>|{}()]{4,200})`,
  'gi',
);
const BEARER =
  /\bauthorization["']?\s{0,3}[:=]\s{0,3}["']?(?:bearer|basic|token)\s{1,3}([A-Za-z0-9+/_.=-]{16,2000})/gi;
const USER_INFO = /\b[a-z][a-z0-9+.-]{1,15}:\/\/[^\s/:@"'<>]{1,64}:([^\s/:@"'<>]{3,128})@/gi;
/** A one-time code beside its name. */
const ONE_TIME =
  /\b(?:otp|one-time (?:password|passcode|code)|(?:verification|security|confirmation|login|2fa|mfa|auth(?:entication)?) code|passcode)\b[^\n\d]{0,24}\b(\d{4,8})\b/i;

const PLACEHOLDER =
  /^(?:[*•x.#_-]+|null|none|nil|undefined|true|false|string|password|passwd|secret|token|required|optional|redacted|hidden|masked|changed|changeme|example|your.*|my.*|the|a|an|and|or|is|was|not|for|to|in|of|reset|must|should|will|has|have|been|updated|empty|unknown|n\/a|test|demo|\$\{?.*|%.*%|process\.env.*|os\.environ.*|env\..*)$/i;

/** Bits per character of a text of its own. */
function entropyBits(text: string): number {
  const counts = new Map<string, number>();
  for (const c of text) counts.set(c, (counts.get(c) ?? 0) + 1);
  let bits = 0;
  for (const count of counts.values()) bits -= (count / text.length) * Math.log2(count / text.length);
  return bits;
}

/** Not a word of language: letters with digits or marks within, varied enough. */
function looksSecret(text: string): boolean {
  const bare = text.replace(/[.,:;!?)\]]{1,3}$/, '');
  if (bare.length < 6 || PLACEHOLDER.test(bare) || /^https?:|^\/|^\d{1,2}[/:]|^\w+\(/.test(bare))
    return false;
  const classes = [/[a-z]/, /[A-Z]/, /\d/, /[^A-Za-z0-9]/].filter((each) => each.test(bare)).length;
  const mixed =
    /[a-z]/i.test(bare) &&
    (/\d/.test(bare) || /[A-Za-z][^A-Za-z0-9-][A-Za-z]/.test(bare) || /[!@#$%^&*]/.test(bare));
  return mixed && classes >= 2 && entropyBits(bare) >= 2;
}

function assigned(pattern: RegExp, text: string): boolean {
  for (const match of text.matchAll(pattern)) if (looksSecret(match[1]!)) return true;
  return false;
}

/** One look that spares honest text all patterns. */
const TOKEN_HINT =
  /A[KSBC][IC]A[A-Z2-7]|gh[pousr]_|github_pat_|glpat-|xox[abeoprs]-|hooks\.slack|eyJ|-----BEGIN|AIza|_live_|sk-|npm_|pypi-|SG\.|ya29|dop_v1|hvs\./;
const SECRET_HINT = /pass|pwd|key|secret|token|pin|auth|otp|code/i;

/** Something in the text gives access: a key, a token, a password, a one-time code. Linear. */
export function hasCredential(text: string): boolean {
  if (TOKEN_HINT.test(text) && TOKENS.some((pattern) => pattern.test(text))) return true;
  if (text.includes('://') && assigned(USER_INFO, text)) return true;
  if (!SECRET_HINT.test(text)) return false;
  return assigned(ASSIGNMENT, text) || assigned(BEARER, text) || ONE_TIME.test(text);
}

/** A field named like a secret that holds one word. */
function isSecretField({ key, text }: Pick<Leaf, 'key' | 'text'>): boolean {
  if (key === '' || key.length > 80) return false;
  const spaced = key.replace(/([a-z\d])([A-Z])/g, '$1_$2');
  if (!SECRET_FIELD.test(spaced) && !SECRET_FIELD.test(key)) return false;
  return text.length >= 4 && text.length <= 4_096 && !/\s/.test(text) && !PLACEHOLDER.test(text);
}

/** Labels of leaves already taken apart, given the kinds met in them. Sorted. */
export function labelLeaves(leaves: Leaves, kinds: ReadonlySet<ValueKind>): string[] {
  const labels = new Set<string>();
  for (const kind of kinds) for (const label of BY_KIND[kind] ?? []) labels.add(label);
  if (leaves.list.some((leaf) => isSecretField(leaf) || hasCredential(leaf.text))) labels.add('credential');
  return [...labels].sort();
}

/** Data classes of a text or any JSON value: `pii`, `financial`, `pci`, `credential`. Sorted; linear in the text. */
export function labelDataClasses(source: unknown): string[] {
  const leaves = leavesOf(typeof source === 'string' ? plainText(source) : source);
  const kinds = new Set<ValueKind>();
  for (const leaf of leaves.list)
    for (const token of tokenize(leaf.text).list) if (token.value !== null) kinds.add(token.value.kind);
  return labelLeaves(leaves, kinds);
}
