/** A workload identity for the demo's agent: a trust domain of its own, and JWT-SVIDs signed by it. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';

const TRUST_DOMAIN = 'demo.driftline.dev';
const AUDIENCE = 'driftline-demo';
const SVID_LIFETIME = '15m';
const KEY_ID = 'demo';

export interface DemoIdentity {
  agent: string;
  token: string;
  /** For `gateway.identity`. */
  gateway: { audience: string; bundleFile: string; required: boolean };
}

/** Writes the trust bundle into `folder`; the private key stays in memory. */
export async function demoIdentity(folder: string, name: string): Promise<DemoIdentity> {
  const { publicKey, privateKey } = await generateKeyPair('ES256');
  const jwk = { ...(await exportJWK(publicKey)), kid: KEY_ID, use: 'jwt-svid' };
  const bundleFile = join(folder, `${TRUST_DOMAIN}.bundle.json`);
  writeFileSync(bundleFile, JSON.stringify({ keys: [jwk], trust_domain: TRUST_DOMAIN, spiffe_sequence: 1 }));
  const agent = `spiffe://${TRUST_DOMAIN}/agent/${name}`;
  const token = await new SignJWT({})
    .setProtectedHeader({ alg: 'ES256', kid: KEY_ID, typ: 'JWT' })
    .setSubject(agent)
    .setAudience(AUDIENCE)
    .setIssuedAt()
    .setExpirationTime(SVID_LIFETIME)
    .sign(privateKey);
  return { agent, token, gateway: { audience: AUDIENCE, bundleFile, required: true } };
}
