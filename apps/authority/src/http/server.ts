/** The HTTP side of the authority on one port. */
import 'reflect-metadata';
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerOptions,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter, type NestExpressApplication } from '@nestjs/platform-express';
import type { Callers } from '../callers.js';
import { AuthorityModule, type HttpParts } from './authority.module.js';
import { authenticate, type AuthorityRequest } from './caller.js';
import { Door, echoRequestId } from './door.js';
import { Evaluations } from './evaluations.js';

/** An encoded activity has at most 256 KiB, and a third more as base64. */
const BODY_MAX_BYTES = 512 * 1024;
/** A policy travels with a baseline of up to 512 KiB, laid out in lines and escaped once more. */
const POLICY_BODY_MAX_BYTES = 4 * 1024 * 1024;
/** Longer than clients keep an idle connection (30 s), so that they close first. */
const KEEP_ALIVE_MS = 65_000;
/** A head is a packet or two; who takes longer only holds a connection. */
const HEAD_MAX_MS = 10_000;
/** A question has a deadline of a second; a policy of 4 MiB takes this long on a line of 2 Mbit/s. */
const REQUEST_MAX_MS = 20_000;
/** How often slow clients are looked for: they may stay this much longer. Each is answered 408 and disconnected. */
const SLOW_CHECK_MS = 2_000;

const SERVER: ServerOptions = {
  keepAliveTimeout: KEEP_ALIVE_MS,
  headersTimeout: HEAD_MAX_MS,
  requestTimeout: REQUEST_MAX_MS,
  connectionsCheckingInterval: SLOW_CHECK_MS,
};

/** Nest's own leaves the times of its server as Node has them: 300 s for a request. */
class Adapter extends ExpressAdapter {
  override initHttpServer(): void {
    this.httpServer = createServer(SERVER, this.getInstance<RequestListener>());
  }
}

export interface HttpServer {
  url: string;
  stop(): Promise<void>;
}

export async function startHttp(
  parts: HttpParts,
  callers: Callers,
  listen: { host: string; port: number },
): Promise<HttpServer> {
  const app = await NestFactory.create<NestExpressApplication>(AuthorityModule.of(parts), new Adapter(), {
    bodyParser: false,
    logger: false,
    abortOnError: false,
  });
  app.disable('x-powered-by');
  app.disable('etag');
  app.use((request: IncomingMessage, response: ServerResponse, next: () => void) => {
    echoRequestId(request, response);
    next();
  });
  app.use(authenticate(callers, () => parts.authorityMetrics.unauthorized.inc()));
  app.useBodyParser('json', { limit: POLICY_BODY_MAX_BYTES, type: isPolicyOfPerson });
  app.useBodyParser('json', { limit: BODY_MAX_BYTES, type: 'application/json' });
  const server = app.getHttpServer() as Server;
  putDoor(server, doorOf(parts, callers));
  await app.listen(listen.port, listen.host);
  const { address, port, family } = server.address() as AddressInfo;
  const host = family === 'IPv6' ? `[${address}]` : address;
  return { url: `http://${host}:${port}`, stop: () => stop(app, server) };
}

/** Nobody else has anything that large to say. */
function isPolicyOfPerson(request: IncomingMessage): boolean {
  const { caller, path } = request as AuthorityRequest;
  if (path !== '/policy' || caller?.role !== 'person') return false;
  return /^application\/json\s*(?:;|$)/i.test(request.headers['content-type'] ?? '');
}

function doorOf(parts: HttpParts, callers: Callers): Door {
  const { audit, authorityMetrics: metrics, logger } = parts;
  const evaluations = new Evaluations({ ...parts, metrics });
  return new Door({ evaluations, callers, audit, metrics, logger, bodyMaxBytes: BODY_MAX_BYTES });
}

/** Whatever listened before gets what the door does not take. */
function putDoor(server: Server, door: Door): void {
  const behind = server.listeners('request') as RequestListener[];
  server.removeAllListeners('request');
  server.on('request', (request, response) => {
    if (!door.take(request, response)) for (const listener of behind) listener(request, response);
  });
}

/** Answers what is being answered; event streams and idle connections would never end by themselves. */
async function stop(app: NestExpressApplication, server: Server): Promise<void> {
  server.closeIdleConnections();
  const force = setTimeout(() => server.closeAllConnections(), 2_000);
  try {
    await app.close();
  } finally {
    clearTimeout(force);
  }
}
