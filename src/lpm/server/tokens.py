"""User tokens: a tenant's backend signs for one user, for a short time (JWT, HS256).

Header: `kid`, the identifier of the signing key. Claims: `sub`, the user; `aud`, "lpm"; `iat` and
`exp`, at most a day apart.
"""

from __future__ import annotations

import time

import jwt

from lpm.errors import InputError
from lpm.memory import validate_user

ALGORITHM = "HS256"
AUDIENCE = "lpm"
MAX_TTL_S = 24 * 3600
LEEWAY_S = 5


class TokenError(ValueError):
    """A token that nobody of this server signed, or that says nothing it may say."""


def sign(key_id: str, secret: str, user: str, ttl_s: int) -> str:
    """Return a token of a user; raises InputError for a time that is too long."""
    validate_user(user)
    if not 1 <= ttl_s <= MAX_TTL_S:
        raise InputError(f"A token is good for 1 to {MAX_TTL_S} seconds, but {ttl_s} were asked.")
    now = int(time.time())
    claims = {"sub": user, "aud": AUDIENCE, "iat": now, "exp": now + ttl_s}
    return jwt.encode(claims, secret, ALGORITHM, headers={"kid": key_id})


def looks_like_token(text: str) -> bool:
    """Say whether a bearer text is a token; keys hold no dots."""
    return text.count(".") == 2


def key_id_of(token: str) -> str:
    """Return which key is said to have signed; raises TokenError."""
    try:
        found = jwt.get_unverified_header(token).get("kid")
    except jwt.PyJWTError:
        raise TokenError from None
    if not isinstance(found, str):
        raise TokenError
    return found


def user_of(token: str, secret: str) -> str:
    """Return the user that a token signed with this secret is for; raises TokenError."""
    try:
        claims = jwt.decode(
            token,
            secret,
            algorithms=[ALGORITHM],
            audience=AUDIENCE,
            leeway=LEEWAY_S,
            options={"require": ["sub", "aud", "iat", "exp"]},
        )
        if int(claims["exp"]) - int(claims["iat"]) > MAX_TTL_S:
            raise TokenError
        validate_user(claims["sub"])
    except (jwt.PyJWTError, InputError, TypeError, OverflowError):
        raise TokenError from None
    return str(claims["sub"])
