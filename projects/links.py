"""Addresses that people send each other."""

from __future__ import annotations

from typing import Any

from django.conf import settings


def invitation_url(request: Any, token: str) -> str:
    """The link to send; on PUBLIC_URL when that is set, else where the caller reached the server."""
    path = f"/invitations/{token}/"
    return f"{settings.PUBLIC_URL}{path}" if settings.PUBLIC_URL else str(request.build_absolute_uri(path))
