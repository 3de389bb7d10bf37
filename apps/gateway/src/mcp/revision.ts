/** Which protocol revision a message speaks, and the header rules of the stateless one. */
import type { IncomingHttpHeaders } from 'node:http';
import { GatewayError } from '../errors.js';
import { CODES, metaOf, type Message } from './message.js';

/** First revision without sessions. Revisions are dates: they compare as text. */
export const STATELESS_FROM = '2026-07-28';
export const VERSION_KEY = 'io.modelcontextprotocol/protocolVersion';
const BASE64_OPEN = '=?base64?';
const BASE64_CLOSE = '?=';

/** `stateless` = 2026-07-28 and later; `session` = 2025-11-25 and earlier. */
export type Era = 'stateless' | 'session';

/** The era of a POSTed message: the header's word, the body's where the header is silent. */
export function eraOf(headers: IncomingHttpHeaders, message: Message): Era {
  const version = headerOf(headers, 'mcp-protocol-version') ?? metaOf(message)[VERSION_KEY];
  return typeof version === 'string' && version >= STATELESS_FROM ? 'stateless' : 'session';
}

/**
 * 2026-07-28 mirrors method and name into headers, and whoever reads the body must refuse a contradiction (-32020).
 * The gateway itself never decides from a header.
 */
export function checkMirrors(headers: IncomingHttpHeaders, message: Message): void {
  if (message.kind !== 'request') return;
  const version = metaOf(message)[VERSION_KEY];
  // A body without envelope is the server's to refuse: it knows which revisions it speaks.
  if (typeof version !== 'string') return;
  expectHeader('MCP-Protocol-Version', headerOf(headers, 'mcp-protocol-version'), version);
  expectHeader('Mcp-Method', headerOf(headers, 'mcp-method'), message.method);
  const name = nameOf(message);
  if (name !== null) expectHeader('Mcp-Name', decodeValue(headerOf(headers, 'mcp-name')), name);
}

/** `params.name` or `params.uri` where the revision mirrors it, null elsewhere. */
function nameOf(message: { method: string; params: { [member: string]: unknown } }): string | null {
  const { method, params } = message;
  if (method === 'tools/call' || method === 'prompts/get')
    return typeof params.name === 'string' ? params.name : null;
  if (method === 'resources/read') return typeof params.uri === 'string' ? params.uri : null;
  return null;
}

function expectHeader(header: string, value: string | undefined, body: string): void {
  if (value === body) return;
  const found =
    value === undefined ? 'is missing' : `value '${value.slice(0, 200)}' does not match body value`;
  throw new GatewayError(
    'header-mismatch',
    CODES.headerMismatch,
    `Header mismatch: ${header} header ${found}${value === undefined ? '' : ` '${body.slice(0, 200)}'`}`,
  );
}

/** Undoes the Base64 sentinel form; undefined when it is malformed. */
export function decodeValue(value: string | undefined): string | undefined {
  if (value === undefined || !value.startsWith(BASE64_OPEN) || !value.endsWith(BASE64_CLOSE)) return value;
  const encoded = value.slice(BASE64_OPEN.length, -BASE64_CLOSE.length);
  const bytes = Buffer.from(encoded, 'base64');
  return bytes.toString('base64').replaceAll('=', '') === encoded.replaceAll('=', '')
    ? bytes.toString('utf8')
    : undefined;
}

function headerOf(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value[0] : value;
}
