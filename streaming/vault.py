"""Camera passwords at rest: encrypted by a key that follows from SECRET_KEY."""

from __future__ import annotations

import base64
import hashlib

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings


class VaultError(ValueError):
    """The secret was encrypted under another SECRET_KEY."""


def _fernet() -> Fernet:
    digest = hashlib.sha256(b"frameloop camera credentials\0" + settings.SECRET_KEY.encode()).digest()
    return Fernet(base64.urlsafe_b64encode(digest))


def lock(text: str) -> str:
    return _fernet().encrypt(text.encode()).decode()


def unlock(token: str) -> str:
    """The text of a locked secret; empty for an empty one.

    Raises:
        VaultError: SECRET_KEY has changed since.
    """
    if not token:
        return ""
    try:
        return _fernet().decrypt(token.encode()).decode()
    except InvalidToken:
        raise VaultError("The camera's password was stored under another SECRET_KEY: enter it again.") from None
