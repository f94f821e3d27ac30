"""Camera passwords at rest."""

from __future__ import annotations

from projects.vault import Vault, VaultError

__all__ = ["VaultError", "lock", "unlock"]

_vault = Vault("camera credentials", "The camera's password")
lock, unlock = _vault.lock, _vault.unlock
