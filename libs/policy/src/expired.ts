import type { Exception, Policy } from '#drift';

/** Exceptions of a policy that excuse nothing any more; whoever loads one says so. */
export function expiredExceptions({ exceptions = [] }: Policy, nowMs: number): Exception[] {
  return exceptions.filter(({ expiresAt }) => expiresAt <= nowMs);
}

/** Tells a log of each of them. */
export function warnOfExpired(
  policy: Policy,
  nowMs: number,
  logger: { warn(fields: object, message: string): void },
): void {
  for (const { id, owner, expires, reason } of expiredExceptions(policy, nowMs)) {
    logger.warn(
      { exception: id, owner, expires, reason, policy: policy.digest },
      'an exception of the policy has expired and excuses nothing; renew it or take it out',
    );
  }
}
