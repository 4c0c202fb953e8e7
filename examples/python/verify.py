"""Checks access tokens of d1-authz with PyJWT.

It reads tokens, one a line, in the place of requests to an API. For each token it prints the
client, or why the token is refused.
"""

import os
import sys

import jwt

ISSUER = os.environ["ISSUER"]
AUDIENCE = os.environ["AUDIENCE"]
# Keeps the keys for five minutes. It asks at once for a key that it doesn't know, but only once a
# second: a caller can invent key names.
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
        # Only algorithms with a public key. With HS256, an attacker could sign with a public key.
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
