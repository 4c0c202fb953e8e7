// Checks access tokens of d1-authz with jose.
//
// It reads tokens, one a line, in the place of requests to an API. For each token it prints the
// client, or why the token is refused.

import { createInterface } from 'node:readline'
import { createRemoteJWKSet, jwtVerify } from 'jose'

const issuer = process.env.ISSUER
const audience = process.env.AUDIENCE
// Keeps the keys for five minutes. It asks at once for a key that it doesn't know, but only once a
// second: a caller can invent key names.
const keys = createRemoteJWKSet(new URL(process.env.JWKS_URI ?? `${issuer}/oauth2/jwks`), {
  cacheMaxAge: 300_000,
  cooldownDuration: 1_000,
})

async function verify(token) {
  const { payload } = await jwtVerify(token, keys, {
    issuer,
    audience,
    typ: 'at+jwt',
    // Only algorithms with a public key.
    algorithms: ['ES256', 'ES384', 'EdDSA', 'RS256', 'PS256'],
    requiredClaims: ['iss', 'exp', 'aud', 'sub', 'client_id', 'iat', 'jti'],
  })
  return payload
}

for await (const line of createInterface({ input: process.stdin })) {
  try {
    const claims = await verify(line.trim())
    console.log('valid', claims.client_id, claims.scope ?? '')
  } catch (error) {
    console.log(`refused: ${error.message}`)
  }
}
