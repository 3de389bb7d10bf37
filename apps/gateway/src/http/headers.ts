/** Which headers travel on. Everything does, except what belongs to one connection or to this gateway alone. */
import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http';

/** RFC 9110 §7.6.1, and what is computed anew for the other connection. */
const CONNECTION_ONLY = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'host',
  'content-length',
  'expect',
  'accept-encoding',
]);
/** Said to this gateway, not to the server behind it. The token is added back where configuration allows it. */
const OURS = new Set(['authorization', 'x-driftline-agent', 'x-driftline-task']);

/** Headers for the upstream request. `authorization` only when the token may be passed on. */
export function upstreamHeaders(
  headers: IncomingHttpHeaders,
  authorization: string | null,
): Record<string, string> {
  const named = connectionNames(headers.connection);
  const out: Record<string, string> = { 'accept-encoding': 'identity' };
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined || CONNECTION_ONLY.has(name) || OURS.has(name) || named.has(name)) continue;
    out[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  if (authorization !== null) out.authorization = authorization;
  return out;
}

/** Headers for the client's answer. */
export function clientHeaders(headers: IncomingHttpHeaders): OutgoingHttpHeaders {
  const named = connectionNames(headers.connection);
  const out: OutgoingHttpHeaders = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined || (CONNECTION_ONLY.has(name) && name !== 'trailer') || named.has(name)) continue;
    if (name !== 'trailer') out[name] = value;
  }
  return out;
}

function connectionNames(connection: string | undefined): Set<string> {
  if (!connection) return NONE;
  return new Set(connection.split(',').map((name) => name.trim().toLowerCase()));
}
const NONE: ReadonlySet<string> & Set<string> = new Set();
