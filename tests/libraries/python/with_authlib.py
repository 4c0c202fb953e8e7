"""Authlib, as its documentation shows it."""

import os

from authlib.integrations.requests_client import OAuth2Session

session = OAuth2Session(os.environ["CLIENT_ID"], os.environ["CLIENT_SECRET"], scope=os.environ["SCOPE"])
token = session.fetch_token(os.environ["TOKEN_URL"], grant_type="client_credentials")
print(token["access_token"])
