/** What of a call may be said plainly: its resource, its facts; and where it sends to. */
import type { Destination, Fact, ToolCall } from '#activity/types';
import type { Catalogue, CatalogueEntry } from '#drift';
import { cutBytes } from './chars.js';
import type { Fingerprinter } from './fingerprint.js';
import { classifyWhole, type Classified } from './kinds.js';
import { MAX_DEPTH, MAX_FACT_BYTES, MAX_FACTS, MAX_RESOURCE_BYTES } from './limits.js';
import { codeForm, numberForm } from './normal.js';

/** RFC 6901, own members only; undefined when there is nothing. */
export function atPointer(value: unknown, pointer: string): unknown {
  if (pointer === '') return value;
  let node = value;
  for (const step of pointer.split('/').slice(1, MAX_DEPTH)) {
    const key = step.replaceAll('~1', '/').replaceAll('~0', '~');
    if (node === null || typeof node !== 'object' || !Object.hasOwn(node, key)) return undefined;
    node = (node as Record<string, unknown>)[key];
  }
  return node;
}

function memberOf(args: unknown, name: string): unknown {
  if (args === null || typeof args !== 'object' || !Object.hasOwn(args, name)) return undefined;
  return (args as Record<string, unknown>)[name];
}

function resolved(path: string): string {
  const steps: string[] = [];
  for (const step of path.split('/')) {
    if (step === '.') continue;
    if (step === '..' && steps.length > 0 && steps.at(-1) !== '..' && steps.at(-1) !== '') steps.pop();
    else if (step !== '..' || steps.length === 0 || steps.at(-1) === '..') steps.push(step);
  }
  return steps.join('/');
}

const dots = (path: string): string => path.replace(/%2e/gi, '.').replace(/%2f/gi, '/');
const RESOURCE_URL = /^([a-z][a-z0-9+.-]{0,31}:\/\/)(?:[^/?#]*@)?([^/?#]*)([^?#]*)/i;
/** More than this is cut before anything else is done with it. */
const MAX_LOOKED_AT = 4_096;

/** Plain resource: query, fragment and user info stripped, `..` resolved so that no glob is fooled, ≤ 512 bytes. */
export function plainResource(text: string): string {
  return cutBytes(wholeResource(text), MAX_RESOURCE_BYTES);
}

function wholeResource(text: string): string {
  const short = text.slice(0, MAX_LOOKED_AT).trim();
  const url = RESOURCE_URL.exec(short);
  if (url !== null) {
    const [, scheme, host, path] = url as unknown as [string, string, string, string];
    return `${scheme.toLowerCase()}${host.toLowerCase()}${resolved(dots(path))}`;
  }
  const slashed = short.replaceAll('\\', '/');
  return slashed.includes('/') ? resolved(slashed.replace(/[?#].*$/s, '')) : short;
}

/**
 * What was cut may name anything, whatever its beginning looks like: written as a list that does not end, which is
 * inside no scope.
 */
function cutResource(named: string[]): string {
  return cutBytes(JSON.stringify(named).slice(0, -2), MAX_RESOURCE_BYTES);
}

/** Argument names that mean a resource at well-known servers, surest first. */
const RESOURCE_FIELDS = [
  'uri',
  'url',
  'path',
  'file',
  'file_path',
  'filepath',
  'filePath',
  'filename',
  'file_name',
  'directory',
  'paths',
  'files',
  'urls',
  'uris',
];
/** `paths` and the like: looked at up to here. */
const MAX_LISTED = 64;

/** Climbing behind a `?` or `#`: to a server that reads paths those are letters like any other. */
function climbsAfterCut(text: string): boolean {
  const at = text.search(/[?#]/);
  return at >= 0 && /[/\\]\.\.(?:[/\\]|$)/.test(dots(text.slice(at)));
}

function textResource(text: string): string {
  const whole = wholeResource(text);
  const isWhole = text.length <= MAX_LOOKED_AT && Buffer.byteLength(whole) <= MAX_RESOURCE_BYTES;
  return isWhole && !climbsAfterCut(text) ? whole : cutResource([whole]);
}

function asResource(value: unknown): string | null {
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (typeof value === 'string') return value.trim() === '' ? null : textResource(value);
  if (!Array.isArray(value)) return null;
  const list = value
    .slice(0, MAX_LISTED)
    .map(asResource)
    .filter((item) => item !== null);
  if (value.length > MAX_LISTED) return cutResource(list);
  if (list.length < 2) return list[0] ?? null;
  // Several at once: in brackets, so that no glob meant for one of them lets the others pass.
  return cutBytes(JSON.stringify(list), MAX_RESOURCE_BYTES);
}

/** By the catalogue's pointer; without an entry by well-known argument names. */
export function resourceOf(
  args: unknown,
  entry: CatalogueEntry | null,
  printer: Fingerprinter,
): string | null {
  if (entry !== null) {
    if (entry.resource === null) return null;
    const value = atPointer(args, entry.resource.pointer);
    if (!entry.resource.secret) return asResource(value);
    const text = typeof value === 'string' ? value : value === undefined ? '' : JSON.stringify(value);
    return text === ''
      ? null
      : (printer.ofText(text)?.print ?? printer.print({ family: 'text', normal: text }));
  }
  for (const name of RESOURCE_FIELDS) {
    const resource = asResource(memberOf(args, name));
    if (resource !== null) return resource;
  }
  return null;
}

/** Numbers, booleans and short enumerations named by the operator. */
export function factsOf(args: unknown, entry: CatalogueEntry | null): Fact[] {
  const facts: Fact[] = [];
  for (const { name, pointer } of (entry?.facts ?? []).slice(0, MAX_FACTS)) {
    const value = atPointer(args, pointer);
    if (typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value)))
      facts.push({ name, value });
    else if (typeof value === 'string') facts.push({ name, value: cutBytes(value, MAX_FACT_BYTES) });
  }
  return facts;
}

/** Argument names that mean a destination where no catalogue says. */
const DESTINATION_FIELDS = [
  'to',
  'recipient',
  'recipients',
  'destination',
  'cc',
  'bcc',
  'email',
  'user_email',
  'to_email',
  'address',
  'payee',
  'iban',
  'account',
  'to_account',
  'webhook',
  'webhook_url',
  'url',
  'uri',
  'endpoint',
  'participants',
  'attendees',
  'invitees',
  'phone',
  'phone_number',
  'channel',
  'channel_id',
  'user',
  'host',
];
const WEB = new Set(['url', 'host']);
const ADDRESSES = new Set(['email', 'url', 'host', 'phone', 'iban', 'account', 'card']);

function internalHost(host: string, catalogue: Catalogue): boolean {
  return catalogue.internalDomains.some((domain) => {
    const inside = domain.toLowerCase().replace(/^[@.*]+/, '');
    return inside !== '' && (host === inside || host.endsWith(`.${inside}`));
  });
}

function placeOf(value: Classified, catalogue: Catalogue): Destination['place'] {
  if (value.kind === 'email')
    return internalHost(value.normal.slice(value.normal.lastIndexOf('@') + 1), catalogue)
      ? 'internal'
      : 'external';
  if (WEB.has(value.kind)) {
    const host = (value.host ?? value.normal).replace(/^[a-z][a-z0-9+.-]*:\/\//, '').replace(/[:/?].*$/s, '');
    return internalHost(host, catalogue) ? 'internal' : 'external';
  }
  const accounts = catalogue.internalAccounts.flatMap((account) => [codeForm(account), numberForm(account)]);
  if (accounts.includes(value.normal)) return 'internal';
  return ADDRESSES.has(value.kind) ? 'external' : 'unknown';
}

const WORST = { external: 2, unknown: 1, internal: 0 } as const;
/** Recipients of one call that are looked at; more go on unseen only as values, which have a limit of their own. */
const MAX_RECIPIENTS = 256;

function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return value.split(/[,;\n]/, MAX_RECIPIENTS).map((part) => part.trim());
  if (typeof value === 'number') return [String(value)];
  if (Array.isArray(value))
    return value.slice(0, MAX_RECIPIENTS).flatMap((item) => (Array.isArray(item) ? [] : textsIn(item)));
  if (value === null || typeof value !== 'object') return [];
  return ['email', 'address', 'url', 'id', 'name']
    .flatMap((key) =>
      Object.hasOwn(value, key) ? textsIn((value as Record<string, unknown>)[key]).slice(0, 1) : [],
    )
    .slice(0, 1);
}

function addressed(text: string): Classified | null {
  const angle = /<([^<>\s]{3,320})>$/.exec(text.slice(-330));
  return classifyWhole(angle?.[1] ?? text);
}

/** The worst of several: outside before unknown before inside. */
function worstOf(
  texts: readonly string[],
  catalogue: Catalogue,
  printer: Fingerprinter,
  only?: ReadonlySet<string>,
): Destination | null {
  let worst: Destination | null = null;
  for (const text of texts) {
    const value = addressed(text);
    if (value === null || (only !== undefined && !only.has(value.kind))) continue;
    const place = placeOf(value, catalogue);
    if (worst === null || WORST[place] > WORST[worst.place]) worst = { place, print: printer.print(value) };
  }
  return worst;
}

/**
 * Where the call sends to: by the catalogue's pointer; otherwise by well-known argument names, for a read only an
 * address on the web. Null when it names none.
 */
export function destinationOf(
  args: unknown,
  call: { entry: CatalogueEntry | null; effect: ToolCall['effect'] },
  catalogue: Catalogue,
  printer: Fingerprinter,
): Destination | null {
  const { entry, effect } = call;
  if (entry?.destination)
    return worstOf(textsIn(atPointer(args, entry.destination.pointer)), catalogue, printer);
  const reading = effect === 'read';
  const texts = DESTINATION_FIELDS.flatMap((name) => textsIn(memberOf(args, name)));
  const addresses = worstOf(texts, catalogue, printer, reading ? WEB : ADDRESSES);
  return addresses ?? (effect === 'send' ? worstOf(texts, catalogue, printer) : null);
}
