# oauth2, as its documentation shows it.

require 'oauth2'
require 'uri'

url = URI(ENV.fetch('TOKEN_URL'))
client = OAuth2::Client.new(
  ENV.fetch('CLIENT_ID'), ENV.fetch('CLIENT_SECRET'),
  site: "#{url.scheme}://#{url.host}:#{url.port}", token_url: url.path, auth_scheme: :basic_auth
)
puts client.client_credentials.get_token(scope: ENV.fetch('SCOPE')).token
