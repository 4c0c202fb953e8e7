// simple-oauth2, as its documentation shows it.

import { ClientCredentials } from 'simple-oauth2'

const { TOKEN_URL, CLIENT_ID, CLIENT_SECRET, SCOPE } = process.env
const { origin, pathname } = new URL(TOKEN_URL)
const client = new ClientCredentials({
  client: { id: CLIENT_ID, secret: CLIENT_SECRET },
  auth: { tokenHost: origin, tokenPath: pathname },
})
const access = await client.getToken({ scope: SCOPE })
console.log(access.token.access_token)
