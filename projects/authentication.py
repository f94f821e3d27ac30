"""`Authorization: Bearer <token>`, where the token is a JWT or an API token; and the password's backend."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.exceptions import PermissionDenied as ScopeDenied
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework_simplejwt.authentication import JWTAuthentication
from rest_framework_simplejwt.exceptions import InvalidToken

from projects import lockout
from projects.models import ApiToken, User


def sign_in_with(token: str) -> tuple[User, Any]:
    """The person behind a bearer token, and the token itself: an ApiToken or a validated JWT.

    The two kinds are told apart by the two dots that every JWT has and no API token can have. Sockets
    use this too; they must also look at `may_write` of an ApiToken.

    Raises:
        AuthenticationFailed: the token is unknown, expired or revoked, or its person is not active.
    """
    if token.count(".") == 2:
        return _by_jwt(token)
    found = ApiToken.find(token)
    if found is None:
        raise AuthenticationFailed("This API token does not exist or was deleted: make a new one.", "token_unknown")
    if found.expired:
        raise AuthenticationFailed(f"This API token expired on {found.expiry:%Y-%m-%d}.", "token_expired")
    if not found.user.is_active:
        raise AuthenticationFailed("This account is switched off.", "user_inactive")
    found.touch()
    return found.user, found


def _by_jwt(token: str) -> tuple[User, Any]:
    jwt = JWTAuthentication()
    try:
        valid = jwt.get_validated_token(token.encode())
    except InvalidToken:
        raise AuthenticationFailed("The access token is not valid or expired: refresh it.", "token_invalid") from None
    try:
        return jwt.get_user(valid), valid  # type: ignore[return-value]
    except AuthenticationFailed as error:
        reason = error.detail.get("detail") if isinstance(error.detail, dict) else error.detail
        raise AuthenticationFailed(str(reason), "token_revoked") from None


class BearerAuthentication(BaseAuthentication):
    """Signs scripts in. A token that may only read is refused here, so that no view can forget to."""

    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        words = get_authorization_header(request).split()
        if not words or words[0].lower() != b"bearer":
            return None
        if len(words) != 2:
            raise AuthenticationFailed("The header looks like this: Authorization: Bearer <token>.", "bad_header")
        user, token = sign_in_with(words[1].decode("ascii", "replace"))
        if isinstance(token, ApiToken) and not token.may_write and request.method not in SAFE_METHODS:
            raise ScopeDenied("This API token may only read: use one with the scope write.", "scope")
        return user, token

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class EmailBackend(ModelBackend):
    """Passwords, for the REST interface, the pages and the admin alike; too many wrong ones lock out."""

    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **kwargs: Any
    ) -> Any:
        email = (username or kwargs.get(User.USERNAME_FIELD) or "").strip().lower()
        if request is None:
            return super().authenticate(request, username=email, password=password)
        if lockout.wait_s(request, email):
            raise PermissionDenied  # stops here: the right password is refused too
        user = super().authenticate(request, username=email, password=password)
        if user is None:
            lockout.failed(request, email)
        else:
            lockout.clear(request, email)
        return user
