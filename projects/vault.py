"""Secrets at rest: encrypted by keys that follow from SECRET_KEY, one for each purpose."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings


class VaultError(ValueError):
    """The secret was encrypted under another SECRET_KEY."""


@dataclass(frozen=True, slots=True)
class Vault:
    """What is locked for one purpose cannot be unlocked for another.

    purpose: part of the key; it must never change. what: how the secret is called in a sentence.
    """

    purpose: str
    what: str

    def _fernet(self) -> Fernet:
        digest = hashlib.sha256(f"frameloop {self.purpose}\0{settings.SECRET_KEY}".encode()).digest()
        return Fernet(base64.urlsafe_b64encode(digest))

    def lock(self, text: str) -> str:
        return self._fernet().encrypt(text.encode()).decode()

    def unlock(self, token: str) -> str:
        """The text of a locked secret; empty for an empty one.

        Raises:
            VaultError: SECRET_KEY has changed since.
        """
        if not token:
            return ""
        try:
            return self._fernet().decrypt(token.encode()).decode()
        except InvalidToken:
            raise VaultError(f"{self.what} was stored under another SECRET_KEY: enter it again.") from None
