/**
 * What gateways ask on the way of a call, served before Nest and Express see the request: routing, guards and pipes cost
 * about as much as the decision itself. Everything else goes on to them. Same credentials, same errors.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { AccessError, EVALUATION_PATH, EVALUATIONS_PATH, PENDING_PATH, type Role } from '#access';
import type { Logger } from '#telemetry';
import type { AuditTrail } from '../audit.js';
import type { Callers } from '../callers.js';
import type { AuthorityMetrics } from '../metrics.js';
import { refuseRole } from './caller.js';
import { sendError } from './errors.js';
import type { Evaluations } from './evaluations.js';

export interface DoorParts {
  evaluations: Evaluations;
  callers: Callers;
  audit: AuditTrail;
  metrics: AuthorityMetrics;
  logger: Logger;
  bodyMaxBytes: number;
}

/** The body of the answer; undefined = there is none. */
type Serve = (body: unknown) => Promise<unknown>;

const ROLES: readonly Role[] = ['gateway'];
const REQUEST_ID_MAX = 256;

export class Door {
  private readonly routes: ReadonlyMap<string, Serve>;

  constructor(private readonly parts: DoorParts) {
    const { evaluations } = parts;
    this.routes = new Map<string, Serve>([
      [EVALUATION_PATH, (body) => evaluations.one(body)],
      [EVALUATIONS_PATH, (body) => evaluations.many(body)],
      [PENDING_PATH, (body) => evaluations.pend(body)],
    ]);
  }

  /** False: not for this door, and untouched. */
  take(request: IncomingMessage, response: ServerResponse): boolean {
    const serve = request.method === 'POST' ? this.routes.get(request.url ?? '') : undefined;
    if (serve === undefined) return false;
    void this.serve(request, response, serve);
    return true;
  }

  private async serve(request: IncomingMessage, response: ServerResponse, serve: Serve): Promise<void> {
    echoRequestId(request, response);
    try {
      await this.admit(request);
      const answer = await serve(await bodyOf(request, this.parts.bodyMaxBytes));
      if (response.destroyed) return;
      if (answer === undefined) response.writeHead(204).end();
      else sendJson(response, answer);
    } catch (error) {
      sendError(this.parts, request, response, error);
    }
  }

  /** Before anything of the body is read: no credential, no work. */
  private async admit(request: IncomingMessage): Promise<void> {
    const { callers, metrics, audit } = this.parts;
    const caller = callers.identify(request.headers.authorization);
    if (caller === null) {
      metrics.unauthorized.inc();
      throw new AccessError('unauthorized', 'expected the bearer token of a known caller');
    }
    if (!ROLES.includes(caller.role)) await refuseRole(audit, caller, `POST ${request.url}`, ROLES);
  }
}

/** AuthZEN 1.0: a request id given is a request id returned. */
export function echoRequestId(request: IncomingMessage, response: ServerResponse): void {
  const id = request.headers['x-request-id'];
  if (typeof id === 'string' && id.length <= REQUEST_ID_MAX) response.setHeader('x-request-id', id);
}

function sendJson(response: ServerResponse, answer: unknown): void {
  const text = JSON.stringify(answer);
  const headers = {
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(text),
  };
  response.writeHead(200, headers).end(text);
}

/** Throws `AccessError` `invalid` or `limit`. */
async function bodyOf(request: IncomingMessage, maxBytes: number): Promise<unknown> {
  const type = request.headers['content-type'] ?? '';
  if (!/^application\/json\s*(?:;|$)/i.test(type)) {
    throw new AccessError('invalid', `expected content-type application/json, got "${type.slice(0, 80)}"`);
  }
  const bytes = await bytesOf(request, maxBytes);
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch (error) {
    throw new AccessError('invalid', `expected a JSON body: ${(error as Error).message}`, { cause: error });
  }
}

function bytesOf(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let sizeBytes = 0;
    request.on('data', (chunk: Buffer) => {
      sizeBytes += chunk.length;
      if (sizeBytes <= maxBytes) chunks.push(chunk);
      else reject(new AccessError('limit', `the request body is too large, at most ${maxBytes} bytes`));
    });
    request.once('end', () => resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)));
    request.once('error', reject);
    request.once('aborted', () =>
      reject(new AccessError('invalid', 'the request ended before its body did')),
    );
  });
}
