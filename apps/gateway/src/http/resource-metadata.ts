/** OAuth 2.0 Protected Resource Metadata (RFC 9728): where a client learns whom to ask for a token. */

/** The document for one server behind this gateway. */
export function resourceMetadata(publicUrl: string, server: string, issuer: string | undefined): object {
  return {
    resource: `${publicUrl}/mcp/${server}`,
    ...(issuer === undefined ? {} : { authorization_servers: [issuer] }),
    bearer_methods_supported: ['header'],
    resource_name: `${server} behind a Driftline gateway`,
  };
}

/** `WWW-Authenticate` of a 401. `error` null = no token came at all. */
export function challengeHeader(publicUrl: string, server: string, error: string | null): string {
  const metadata = `resource_metadata="${publicUrl}/.well-known/oauth-protected-resource/mcp/${server}"`;
  if (error === null) return `Bearer ${metadata}`;
  const description = error.replaceAll(/[^\x20-\x7e]|["\\]/g, ' ').slice(0, 200);
  return `Bearer error="invalid_token", error_description="${description}", ${metadata}`;
}
