"""Stored files while a backup is being made."""

from __future__ import annotations

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from projects.storage import everything_stays


@pytest.mark.django_db(transaction=True)
def test_no_file_goes_while_a_backup_is_made():
    name = default_storage.save("assets/kept.txt", ContentFile(b"a file"))
    with everything_stays():
        default_storage.delete(name)
        assert default_storage.exists(name)
    default_storage.delete(name)
    assert not default_storage.exists(name)
