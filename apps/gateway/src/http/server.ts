/** The gateway's one port: MCP endpoints first and bare, everything else through Nest. */
import 'reflect-metadata';
import type { RequestListener, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { DynamicModule } from '@nestjs/common';
import { RECEIVE_MAX_MS } from '../limits.js';
import type { Front } from './front.js';

/** Longer than clients and proxies keep an idle connection, so that they close first. */
const KEEP_ALIVE_MS = 65_000;

export interface HttpServer {
  url: string;
  /** Answers what is being answered for `graceMs`, then closes what is left. */
  stop(graceMs: number): Promise<void>;
}

export async function listen(
  module: DynamicModule,
  front: Front,
  at: { host: string; port: number },
): Promise<HttpServer> {
  const app = await NestFactory.create<NestExpressApplication>(module, {
    bodyParser: false,
    logger: false,
    abortOnError: false,
  });
  app.disable('x-powered-by');
  app.disable('etag');
  const server = app.getHttpServer() as Server;
  putBefore(server, front);
  await app.listen(at.port, at.host);
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  server.headersTimeout = KEEP_ALIVE_MS + 1_000;
  // Of receiving a request; calls and streams may take as long as their servers need.
  server.requestTimeout = RECEIVE_MAX_MS;
  const { address, port, family } = server.address() as AddressInfo;
  return {
    url: `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`,
    stop: async (graceMs) => {
      server.closeIdleConnections();
      const force = setTimeout(() => server.closeAllConnections(), graceMs);
      await app.close();
      clearTimeout(force);
    },
  };
}

/** Whatever listened before gets what the front does not take. */
function putBefore(server: Server, front: Front): void {
  const behind = server.listeners('request') as RequestListener[];
  server.removeAllListeners('request');
  server.on('request', (request, response) =>
    front.handle(request, response, () => {
      for (const listener of behind) listener(request, response);
    }),
  );
}
