"""The STUN and TURN servers that a viewer is told of, with a login of its own. Pure."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass

LOGIN_LASTS = 3600


@dataclass(frozen=True, slots=True)
class Server:
    """One server; user and credential are empty for those that ask for none."""

    url: str
    username: str = ""
    credential: str = ""

    def link(self) -> str:
        """Its entry in a Link header (draft-ietf-wish-whep).

        >>> Server("stun:10.0.0.1:3478").link()
        '<stun:10.0.0.1:3478>; rel="ice-server"'
        """
        entry = f'<{self.url}>; rel="ice-server"'
        if self.username:
            entry += f'; username="{self.username}"; credential="{self.credential}"; credential-type="password"'
        return entry


def turn_login(secret: str, person: str, now: float) -> tuple[str, str]:
    """User and password that coturn takes from `now` (Unix seconds) for an hour, by its use-auth-secret.

    The user says when the login ends and whose it is, so that the server's log can be read; the password
    is the user under HMAC-SHA1, so that only who knows the secret can make one.

    >>> turn_login("north", "7", 1700000000)
    ('1700003600:7', '3SXD73xvzbKOJb8QpzBT3wJ3nzU=')
    """
    username = f"{int(now) + LOGIN_LASTS}:{person}"
    digest = hmac.digest(secret.encode(), username.encode(), hashlib.sha1)
    return username, base64.b64encode(digest).decode()


def servers_for(plain: Sequence[str], turn: Sequence[str], secret: str, person: str, now: float) -> list[Server]:
    """All servers for one person; those of `turn` come with a login, and only for somebody signed in."""
    known = [Server(url) for url in plain]
    if not (turn and person):
        return known
    username, credential = turn_login(secret, person, now)
    return known + [Server(url, username, credential) for url in turn]
