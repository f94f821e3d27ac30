"""Strict reading of environment variables: a bad value stops the start with one clear sentence."""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Mapping, MutableMapping
from pathlib import Path
from urllib.parse import unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

_TRUE = {"1", "true", "yes", "on"}
_FALSE = {"0", "false", "no", "off"}
_ASSIGNMENT = re.compile(r"(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*)")
_QUOTED = re.compile(r"""(?:'([^']*)'|"((?:[^"\\]|\\.)*)")\s*(?:#.*)?""")
_ESCAPES = {"n": "\n", "t": "\t", '"': '"', "\\": "\\", "$": "$"}
_ENV_FILE = "FRAMELOOP_ENV_FILE"


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

    def networks(self, name: str) -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
        """A comma-separated list of networks, such as 10.0.0.0/8,192.168.1.7/32."""
        try:
            return tuple(ipaddress.ip_network(word) for word in self.words(name))
        except ValueError as error:
            raise ImproperlyConfigured(f"{name}: {error}; expected networks such as 10.0.0.0/8.") from None

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
        "CONN_HEALTH_CHECKS": True,  # after a restart of PostgreSQL the pool holds dead connections
        "OPTIONS": {"pool": {"min_size": 0, "max_size": 16, "timeout": 30}},
    }


def read_env_file(path: Path) -> dict[str, str]:
    """The variables of a .env file: NAME=value lines, comments, single and double quotes, `export` before a name.

    docker compose reads the same file, so that what the two would understand differently is refused.

    Raises:
        ImproperlyConfigured: naming the file, the line and what is wrong with it.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ImproperlyConfigured(f"{path} cannot be read: {error}.") from None
    found: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        try:
            name, value = parse_assignment(line)
            if name in found:
                raise ValueError(f"{name} is set a second time: keep one of the lines")
        except ValueError as error:
            raise ImproperlyConfigured(f"{path}:{number}: {error}.") from None
        found[name] = value
    return found


def parse_assignment(line: str) -> tuple[str, str]:
    r"""A line of a .env file that is no comment.

    >>> parse_assignment("export LOG_LEVEL=DEBUG  # for a while")
    ('LOG_LEVEL', 'DEBUG')
    >>> parse_assignment("SECRET='a # b'")
    ('SECRET', 'a # b')
    >>> parse_assignment(r'TEXT="two\nlines"')
    ('TEXT', 'two\nlines')

    Raises:
        ValueError: what is wrong with it.
    """
    match = _ASSIGNMENT.fullmatch(line)
    if not match:
        raise ValueError("expected NAME=value, or a comment that begins with #")
    name, value = match[1], match[2].strip()
    if value[:1] not in ("'", '"'):
        return name, _filled_in(re.split(r"(?:^|\s)#", value, maxsplit=1)[0].rstrip())
    quoted = _QUOTED.fullmatch(value)
    if not quoted:
        raise ValueError(f"the value of {name} has no closing quote, or something after it")
    return name, quoted[1] if quoted[2] is None else _unescaped(_filled_in(quoted[2]))


def _filled_in(value: str) -> str:
    if re.search(r"(?<!\\)\$[A-Za-z_{(]", value):
        raise ValueError("other variables are not filled in: write the value out, or put single quotes around a real $")
    return value


def _unescaped(value: str) -> str:
    def letter(match: re.Match[str]) -> str:
        if match[1] not in _ESCAPES:
            raise ValueError(f"\\{match[1]} is unknown: double the backslash, or use single quotes")
        return _ESCAPES[match[1]]

    return re.sub(r"\\(.)", letter, value)


def env_file(root: Path, environ: Mapping[str, str] | None = None) -> Path | None:
    """The file that `load_env_file` reads: `.env` in `root`, or what FRAMELOOP_ENV_FILE names (`none`: no file).

    Raises:
        ImproperlyConfigured: FRAMELOOP_ENV_FILE names a file that is not there.
    """
    named = (os.environ if environ is None else environ).get(_ENV_FILE, "").strip()
    if not named:
        return root / ".env" if (root / ".env").is_file() else None
    if named.lower() == "none":
        return None
    if not Path(named).is_file():
        raise ImproperlyConfigured(f"{_ENV_FILE}={named!r}: there is no such file.")
    return Path(named)


def load_env_file(root: Path, environ: MutableMapping[str, str] | None = None) -> None:
    """Add the variables of the .env file to the environment. What is set there already, even to nothing, stays."""
    environ = os.environ if environ is None else environ
    path = env_file(root, environ)
    for name, value in read_env_file(path).items() if path else ():
        environ.setdefault(name, value)
