"""`Authorization: Bearer <token>`, where the token is a JWT or an API token."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from knox.auth import TokenAuthentication
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.request import Request
from rest_framework_simplejwt.authentication import JWTAuthentication


class BearerAuthentication(BaseAuthentication):
    """Tells the two kinds apart by the two dots that every JWT has and no API token can have."""

    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        words = get_authorization_header(request).split()
        if not words or words[0].lower() != b"bearer":
            return None
        if len(words) == 2 and words[1].count(b".") == 2:
            return JWTAuthentication().authenticate(request)
        signed_in = TokenAuthentication().authenticate(request)
        if signed_in:
            type(signed_in[1]).objects.filter(pk=signed_in[1].pk).update(last_used_at=timezone.now())
        return signed_in

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"
