// oauth4webapi, as its documentation shows it.

import * as oauth from 'oauth4webapi'

const { ISSUER, CLIENT_ID, CLIENT_SECRET, SCOPE } = process.env
// The test has no TLS.
const options = { [oauth.allowInsecureRequests]: true }
const issuer = new URL(ISSUER)
const found = await oauth.discoveryRequest(issuer, { ...options, algorithm: 'oauth2' })
const server = await oauth.processDiscoveryResponse(issuer, found)
const client = { client_id: CLIENT_ID }
const answer = await oauth.clientCredentialsGrantRequest(
  server,
  client,
  oauth.ClientSecretBasic(CLIENT_SECRET),
  new URLSearchParams({ scope: SCOPE }),
  options,
)
const tokens = await oauth.processClientCredentialsResponse(server, client, answer)
console.log(tokens.access_token)
