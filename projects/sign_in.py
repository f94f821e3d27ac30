"""How a socket knows who it is, now and later: a session or a bearer token, asked again when in doubt."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import orjson
from django.contrib.auth import get_user
from rest_framework.exceptions import APIException

from projects.authentication import sign_in_with
from projects.models import ApiToken, User


class SignInFailed(Exception):
    """The session ended, or the token is wrong, expired or revoked."""


@dataclass(frozen=True)
class Credential:
    """Either a session or a token. `check()` asks the database each time."""

    session: Any = None
    token: str = ""
    known: Any = None

    @classmethod
    def of_session(cls, session: Any, user: Any) -> Credential:
        return cls(session=session, known=user)

    @classmethod
    def of_token(cls, token: Any) -> Credential:
        return cls(token=token if isinstance(token, str) else "")

    @property
    def renewable(self) -> bool:
        """Whether it runs out by itself (a JWT), so that its holder is given time to send the next one."""
        return self.token.count(".") == 2

    @property
    def expires_at(self) -> float | None:
        """When a JWT runs out, in seconds since 1970; it is read, not checked."""
        if not self.renewable:
            return None
        try:
            part = self.token.split(".")[1]
            payload = orjson.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
            return float(payload["exp"])
        except (ValueError, TypeError, KeyError):
            return None

    def check(self) -> tuple[User, bool]:
        """The person, and whether they may write, if the credential still holds.

        Raises:
            SignInFailed: it does not.
        """
        if self.token:
            return self._by_token()
        user = self._by_session()
        if user is None or not user.is_authenticated or not user.is_active:
            raise SignInFailed("The sign-in has ended: sign in again.")
        return user, True

    def _by_token(self) -> tuple[User, bool]:
        try:
            user, token = sign_in_with(self.token)
        except APIException as error:
            raise SignInFailed(str(error.detail)) from None
        return user, not isinstance(token, ApiToken) or token.may_write

    def _by_session(self) -> Any:
        if self.session is None:  # whoever put the person into the scope vouches for them
            return User.objects.filter(pk=self.known.pk).first() if self.known else None
        store = self.session.__class__(self.session.session_key)  # the class behind a lazy object
        request: Any = SimpleNamespace(session=store)
        return get_user(request)
