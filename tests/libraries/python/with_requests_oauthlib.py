"""requests-oauthlib, as its documentation shows it."""

import os

from oauthlib.oauth2 import BackendApplicationClient
from requests.auth import HTTPBasicAuth
from requests_oauthlib import OAuth2Session

# The test has no TLS.
os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"
client = BackendApplicationClient(client_id=os.environ["CLIENT_ID"])
session = OAuth2Session(client=client, scope=os.environ["SCOPE"].split())
auth = HTTPBasicAuth(os.environ["CLIENT_ID"], os.environ["CLIENT_SECRET"])
token = session.fetch_token(token_url=os.environ["TOKEN_URL"], auth=auth)
print(token["access_token"])
