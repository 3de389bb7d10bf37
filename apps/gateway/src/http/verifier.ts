/** Bearer tokens, each checked once and then remembered for a bounded time: a signature costs more than a call may. */
import { createHash } from 'node:crypto';
import { loadIssuerKeys, loadTrustBundle, verifyBearer, type VerifyOptions } from '#identity';
import type { GatewayConfig } from '#config';
import { GatewayError } from '../errors.js';
import { TOKEN_FRESH_MS, TOKENS_MAX } from '../limits.js';
import { CODES } from '../mcp/message.js';
import type { TokenVerifier, VerifiedToken } from './identify.js';

interface Remembered {
  token: VerifiedToken;
  untilMs: number;
}

export class BearerVerifier implements TokenVerifier {
  private readonly options: VerifyOptions;
  /** By digest: the tokens themselves are not kept. */
  private readonly remembered = new Map<string, Remembered>();

  constructor(options: VerifyOptions) {
    this.options = options;
  }

  async verify(token: string): Promise<VerifiedToken> {
    const digest = createHash('sha256').update(token).digest('base64');
    const nowMs = Date.now();
    const known = this.remembered.get(digest);
    if (known && nowMs < known.untilMs) return known.token;
    const identity = await verifyBearer(token, this.options);
    const verified = {
      agent: identity.agent,
      principal: identity.principal,
      actors: identity.actors,
      audiences: identity.audiences,
    };
    if (this.remembered.size >= TOKENS_MAX)
      this.remembered.delete(this.remembered.keys().next().value as string);
    this.remembered.set(digest, {
      token: verified,
      untilMs: Math.min(identity.expiresAt, nowMs + TOKEN_FRESH_MS),
    });
    return verified;
  }
}

/** The configured verifier, null where identities are only asserted. Throws when its keys cannot be read. */
export async function openVerifier(identity: GatewayConfig['identity']): Promise<BearerVerifier | null> {
  if (!identity) return null;
  const { audience, issuer, jwksFile, bundleFile } = identity;
  if (jwksFile === undefined && bundleFile === undefined) {
    throw new GatewayError(
      'config',
      CODES.internal,
      'gateway.identity needs jwksFile or bundleFile to check tokens with',
    );
  }
  return new BearerVerifier({
    audience,
    issuer,
    ...(jwksFile === undefined ? {} : { jwks: await loadIssuerKeys(jwksFile) }),
    ...(bundleFile === undefined ? {} : { bundle: await loadTrustBundle(bundleFile) }),
  });
}
