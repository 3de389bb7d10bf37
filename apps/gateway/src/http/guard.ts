/** DNS rebinding: a web page must not reach a gateway on somebody's own machine. MCP: Origin MUST be checked. */
import type { IncomingMessage } from 'node:http';

const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);

export interface GuardOptions {
  /** The gateway listens on a loopback address: only loopback names may be asked for. */
  loopback: boolean;
  /** Host names it is reached by, beside the one it listens on. */
  hosts: string[];
  /** Origins (`https://app.example.com`) of web clients, beside loopback ones on a loopback gateway. */
  origins: string[];
}

/** Why the request is not answered, null when it is. */
export function refuseForeign(request: IncomingMessage, options: GuardOptions): string | null {
  const host = hostName(`http://${request.headers.host ?? ''}`);
  if (options.loopback && (host === null || !(LOOPBACK.has(host) || options.hosts.includes(host)))) {
    return `Forbidden: this gateway is not known as '${(request.headers.host ?? '').slice(0, 200)}'`;
  }
  const { origin } = request.headers;
  if (origin === undefined || options.origins.includes(origin)) return null;
  const originHost = hostName(origin);
  if (options.loopback && originHost !== null && LOOPBACK.has(originHost)) return null;
  return `Forbidden: origin '${origin.slice(0, 200)}' is not allowed here`;
}

function hostName(url: string): string | null {
  try {
    return new URL(url).hostname;
  } catch {
    return null;
  }
}
