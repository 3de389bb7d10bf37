import type { IncomingMessage, ServerResponse } from 'node:http';
import { Catch, HttpException, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { Request, Response } from 'express';
import { ACCESS_STATUS, AccessError, CODE_HEADER } from '#access';
import type { Logger } from '#telemetry';
import { toAccessError } from '../errors.js';
import type { AuthorityMetrics } from '../metrics.js';

/** Every error as code and message: the code in a header, because an AuthZEN error body is a plain message. */
@Catch()
export class ErrorFilter implements ExceptionFilter {
  constructor(
    private readonly metrics: AuthorityMetrics,
    private readonly logger: Logger,
  ) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    sendError(
      { metrics: this.metrics, logger: this.logger },
      http.getRequest<Request>(),
      http.getResponse<Response>(),
      error,
    );
  }
}

/** Who counts and logs errors. */
export interface ErrorParts {
  metrics: AuthorityMetrics;
  logger: Logger;
}

/** Counts the error and answers with it; one that nobody foresaw is logged and not told. */
export function sendError(
  parts: ErrorParts,
  request: IncomingMessage,
  response: ServerResponse,
  error: unknown,
): void {
  const typed = noted(parts, request, error);
  if (response.headersSent) response.destroy();
  else if (typed) answerError(request, response, typed);
  else response.writeHead(500, TEXT).end(INTERNAL_ERROR);
}

/** What is said of an error that nobody foresaw. */
export const INTERNAL_ERROR = 'internal error; the log of the authority has the details';

/** Counted, and logged where nobody foresaw it (null). */
export function noted(
  { metrics, logger }: ErrorParts,
  { method, url: path }: Pick<IncomingMessage, 'method' | 'url'>,
  error: unknown,
): AccessError | null {
  const typed = typedError(error);
  metrics.errors.inc({ code: typed?.code ?? 'internal' });
  if (typed === null) logger.error({ error, method, path }, 'a request failed unexpectedly');
  return typed;
}

export function answerError(request: IncomingMessage, response: ServerResponse, error: AccessError): void {
  const { code, message } = error;
  response.setHeader(CODE_HEADER, code);
  if (code === 'unauthorized') response.setHeader('www-authenticate', 'Bearer');
  // What is left of a body that nobody will look at is not read.
  if (!request.complete) response.setHeader('connection', 'close');
  const plain = request.url?.startsWith('/access/') ?? false;
  const text = plain ? message : JSON.stringify({ code, message });
  response.setHeader('content-length', Buffer.byteLength(text));
  response.writeHead(ACCESS_STATUS[code], plain ? TEXT : JSON_TYPE).end(text);
}
const TEXT = { 'content-type': 'text/plain; charset=utf-8' };
const JSON_TYPE = { 'content-type': 'application/json; charset=utf-8' };

/** Null for what nobody foresaw. */
function typedError(error: unknown): AccessError | null {
  const known = toAccessError(error);
  if (known) return known;
  // What Nest and its body parser say of a request that no route or parser takes.
  const status = error instanceof HttpException ? error.getStatus() : (error as { status?: unknown }).status;
  if (status === 404) return new AccessError('not-found', (error as Error).message);
  if (status === 413) return new AccessError('limit', 'the request body is too large');
  if (typeof status === 'number' && status >= 400 && status < 500) {
    return new AccessError('invalid', (error as Error).message);
  }
  return null;
}
