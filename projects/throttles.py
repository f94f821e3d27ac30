"""Rates for what strangers may call, by address, and for costly calls, by person; counted in Redis. See THROTTLE_*."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle

from projects import lockout


class _ByAddress(SimpleRateThrottle):
    def get_rate(self) -> str:
        return str(settings.REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"][self.scope])

    def get_cache_key(self, request: Request, view: Any) -> str:
        ident = lockout.address(request._request)
        return self.cache_format % {"scope": self.scope, "ident": ident}


class SignInThrottle(_ByAddress):
    scope = "sign-in"


class RegisterThrottle(_ByAddress):
    scope = "register"


class AssistThrottle(SimpleRateThrottle):
    """What keeps one person's scripts from holding the processors that everybody labels with."""

    scope = "assist"

    def get_rate(self) -> str:
        return str(settings.REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"][self.scope])

    def get_cache_key(self, request: Request, view: Any) -> str | None:
        if request.method != "POST" or not request.user.is_authenticated:
            return None
        return self.cache_format % {"scope": self.scope, "ident": request.user.pk}
