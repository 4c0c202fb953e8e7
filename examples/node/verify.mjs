// Checks access tokens of d1-authz with jose.
//
// Reads tokens, one a line, in the place of requests to an API, and says of each whose it is, or why it is refused.

import { createInterface } from 'node:readline'
import { createRemoteJWKSet, jwtVerify } from 'jose'

const issuer = process.env.ISSUER
const audience = process.env.AUDIENCE
// Keeps the keys for five minutes, and asks at once for one that it doesn't know; not more often than every second, whatever
// callers invent.
const keys = createRemoteJWKSet(new URL(process.env.JWKS_URI ?? `${issuer}/oauth2/jwks`), {
  cacheMaxAge: 300_000,
  cooldownDuration: 1_000,
})

async function verify(token) {
  const { payload } = await jwtVerify(token, keys, {
    issuer,
    audience,
    typ: 'at+jwt',
    // Those of public keys alone.
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
