"""Checks access tokens of d1-authz with PyJWT.

Reads tokens, one a line, in the place of requests to an API, and says of each whose it is, or why it is refused.
"""

import os
import sys

import jwt

ISSUER = os.environ["ISSUER"]
AUDIENCE = os.environ["AUDIENCE"]
# Keeps the keys for five minutes, and asks for one that it doesn't know; once a second at most, whatever callers invent.
KEYS = jwt.PyJWKClient(
    os.environ.get("JWKS_URI", ISSUER + "/oauth2/jwks"),
    lifespan=300,
    cooldown_duration=1,
    timeout=5,
)


def verify(token: str) -> dict:
    """The claims of a good token. Raises jwt.PyJWTError for any other."""
    typ = jwt.get_unverified_header(token).get("typ", "")
    if typ.lower() not in ("at+jwt", "application/at+jwt"):
        raise jwt.InvalidTokenError(f"typ is {typ!r}: no access token")
    return jwt.decode(
        token,
        KEYS.get_signing_key_from_jwt(token),
        # Those of public keys alone. With HS256 among them, anybody could sign with what is public.
        algorithms=["ES256", "ES384", "EdDSA", "RS256", "PS256"],
        issuer=ISSUER,
        audience=AUDIENCE,
        options={"require": ["iss", "exp", "aud", "sub", "client_id", "iat", "jti"]},
    )


for line in sys.stdin:
    try:
        claims = verify(line.strip())
        print("valid", claims["client_id"], claims.get("scope", ""), flush=True)
    except jwt.PyJWTError as error:
        print("refused:", error, flush=True)
