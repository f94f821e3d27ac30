"""Strict reading of environment variables: a bad value stops the start with one clear sentence."""

from __future__ import annotations

import os
from collections.abc import Mapping
from urllib.parse import unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

_TRUE = {"1", "true", "yes", "on"}
_FALSE = {"0", "false", "no", "off"}


class Env:
    """Reads typed values from a mapping of strings, by default the process environment."""

    def __init__(self, values: Mapping[str, str] | None = None) -> None:
        self._values = os.environ if values is None else values

    def text(self, name: str, default: str = "") -> str:
        """The variable's text; an empty variable counts as not set."""
        return self._values.get(name, "").strip() or default

    def flag(self, name: str, default: bool = False) -> bool:
        value = self.text(name).lower()
        if not value:
            return default
        if value in _TRUE:
            return True
        if value in _FALSE:
            return False
        raise ImproperlyConfigured(f"{name}={value!r}: expected one of true, false, 1, 0, yes, no, on, off.")

    def whole(self, name: str, default: int, low: int = 0, high: int = 2**31) -> int:
        value = self.text(name)
        if not value:
            return default
        try:
            number = int(value)
        except ValueError:
            raise ImproperlyConfigured(f"{name}={value!r}: expected a whole number.") from None
        if not low <= number <= high:
            raise ImproperlyConfigured(f"{name}={number}: expected a number from {low} to {high}.")
        return number

    def choice(self, name: str, default: str, known: tuple[str, ...]) -> str:
        """One of `known`, in whatever case it was written."""
        value = self.text(name, default)
        for word in known:
            if value.lower() == word.lower():
                return word
        raise ImproperlyConfigured(f"{name}={value!r}: expected one of {', '.join(known)}.")

    def words(self, name: str, default: tuple[str, ...] = ()) -> list[str]:
        """A comma-separated list, such as ALLOWED_HOSTS=label.example.org,10.0.0.5."""
        value = self.text(name)
        return [word.strip() for word in value.split(",") if word.strip()] if value else list(default)

    def rate(self, name: str, default: str) -> str:
        """How often something may be tried: 20/min."""
        value = self.text(name, default)
        number, _, period = value.partition("/")
        if not (number.isascii() and number.isdigit() and period in ("s", "sec", "min", "hour", "day")):
            raise ImproperlyConfigured(f"{name}={value!r}: expected a number/period such as 20/min, or s, hour, day.")
        return value

    def url(self, name: str, default: str, schemes: tuple[str, ...]) -> str:
        """A URL whose scheme is one of `schemes`.

        Raises:
            ImproperlyConfigured: when the scheme is another one or is missing.
        """
        value = self.text(name, default)
        if value and urlsplit(value).scheme not in schemes:
            expected = ", ".join(f"{scheme}://..." for scheme in schemes)
            raise ImproperlyConfigured(f"{name}={value!r}: expected {expected}.")
        return value


def database(url: str) -> dict[str, object]:
    """Django's DATABASES entry for postgresql://user:password@host:port/name[?host=/socket/folder].

    Connections are pooled by psycopg: under ASGI a persistent connection does not persist, and a fresh
    backend costs every request about 5 ms.
    """
    parts = urlsplit(url)
    query = dict(pair.partition("=")[::2] for pair in parts.query.split("&") if pair)
    name = unquote(parts.path.lstrip("/"))
    if not name:
        raise ImproperlyConfigured("DATABASE_URL has no database name: expected postgresql://user@host/NAME.")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": name,
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": unquote(query.get("host", parts.hostname or "")),
        "PORT": str(parts.port or query.get("port", "")),
        "CONN_MAX_AGE": 0,
        "OPTIONS": {"pool": {"min_size": 0, "max_size": 16, "timeout": 30}},
    }
