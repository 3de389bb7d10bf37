/** Who asks, and what their role may do. */
import {
  createParamDecorator,
  Injectable,
  SetMetadata,
  type CanActivate,
  type ExecutionContext,
} from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { NextFunction, Request, RequestHandler, Response } from 'express';
import { AccessError, METADATA_PATH, type Caller, type Role } from '#access';
import type { Callers } from '../callers.js';
import { AuditTrail } from '../audit.js';
import { answerError } from './errors.js';

export interface AuthorityRequest extends Request {
  caller?: Caller;
}

/** What anyone may read: whoever scrapes or restarts has no credential, and the discovery document is public. */
const OPEN_PATHS = new Set(['/health', '/ready', '/metrics', METADATA_PATH]);
const ROLES = 'driftline roles';

/** Which roles may call a route. A route without it is for nobody. */
export const Roles = (...roles: Role[]) => SetMetadata(ROLES, roles);

/** The caller of a route with `Roles`. */
export const CallerOf = createParamDecorator((_: unknown, context: ExecutionContext): Caller => {
  const { caller } = context.switchToHttp().getRequest<AuthorityRequest>();
  if (caller === undefined) throw new AccessError('unauthorized', 'no caller was identified');
  return caller;
});

/** Before anything of the body is read: no credential, no work. */
export function authenticate(callers: Callers, onUnknown: () => void): RequestHandler {
  return (request: AuthorityRequest, response: Response, next: NextFunction) => {
    if (OPEN_PATHS.has(request.path)) return next();
    const caller = callers.identify(request.headers.authorization);
    if (caller) {
      request.caller = caller;
      return next();
    }
    onUnknown();
    answerError(
      request,
      response,
      new AccessError('unauthorized', 'expected the bearer token of a known caller'),
    );
  };
}

/** A known caller outside its role is refused, and what it tried to do to others is audited. */
@Injectable()
export class RoleGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly audit: AuditTrail,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<AuthorityRequest>();
    if (OPEN_PATHS.has(request.path)) return true;
    const roles = this.reflector.get<Role[] | undefined>(ROLES, context.getHandler()) ?? [];
    const { caller } = request;
    if (caller !== undefined && roles.includes(caller.role)) return true;
    const tried = `${request.method} ${request.path}`;
    if (caller) return refuseRole(this.audit, caller, tried, roles);
    throw new AccessError('forbidden', `${tried.slice(0, 512)} is for known callers only`);
  }
}

/** Throws `AccessError` `forbidden`, once it is on the audit trail. */
export async function refuseRole(
  audit: AuditTrail,
  caller: Caller,
  tried: string,
  roles: readonly Role[],
): Promise<never> {
  const subject = tried.slice(0, 512);
  const reason = `role ${caller.role} may not`;
  await audit.record({ caller, action: subject.slice(0, 128), subject, reason }, 'refused');
  throw new AccessError(
    'forbidden',
    `${subject} is for ${roles.join(' or ') || 'nobody'}, not for ${caller.role}`,
  );
}
