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
    const request = http.getRequest<Request>();
    const response = http.getResponse<Response>();
    const typed = typedError(error);
    this.metrics.errors.inc({ code: typed?.code ?? 'internal' });
    if (typed === null) {
      this.logger.error(
        { error, method: request.method, path: request.path },
        'a request failed unexpectedly',
      );
    }
    if (response.headersSent) response.destroy();
    else if (typed) answerError(request, response, typed);
    else response.status(500).type('text').send('internal error; the log of the authority has the details');
  }
}

export function answerError(request: Request, response: Response, error: AccessError): void {
  const { code, message } = error;
  response.status(ACCESS_STATUS[code]).setHeader(CODE_HEADER, code);
  if (request.path.startsWith('/access/')) response.type('text').send(message);
  else response.json({ code, message });
}

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
