// openid-client, as its documentation shows it: the endpoint is found by the issuer's metadata (RFC 8414).

import * as client from 'openid-client'

const { ISSUER, CLIENT_ID, CLIENT_SECRET, SCOPE } = process.env
const config = await client.discovery(
  new URL(ISSUER),
  CLIENT_ID,
  undefined,
  client.ClientSecretBasic(CLIENT_SECRET),
  // The test has no TLS.
  { algorithm: 'oauth2', execute: [client.allowInsecureRequests] },
)
const tokens = await client.clientCredentialsGrant(config, { scope: SCOPE })
console.log(tokens.access_token)
