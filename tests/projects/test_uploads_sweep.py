"""Files that a crash left without a row are swept; all others stay."""

from __future__ import annotations

import os
import time
from pathlib import Path

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from projects.intake import intake
from projects.models import Asset
from projects.tasks import sweep_orphans
from tests.projects.files import encoded, pattern, turned_jpeg


def _lost(team, age_s: float) -> str:
    name = default_storage.save(f"assets/{team.pk}/ab/lost-{age_s}.png", ContentFile(b"x"))
    then = time.time() - age_s
    os.utime(default_storage.path(name), (then, then))
    return name


def test_only_old_files_without_a_row_go(project, team, alice):
    asset = intake(project, ContentFile(turned_jpeg(6)), "a.jpg", alice).asset
    for field in (asset.file, asset.upright, asset.thumbnail):
        os.utime(field.path, (0, 0))
    old, young = _lost(team, 2 * 86_400), _lost(team, 60)
    assert sweep_orphans() == 1
    assert not default_storage.exists(old)
    assert default_storage.exists(young)
    assert all(Path(field.path).exists() for field in (asset.file, asset.upright, asset.thumbnail))


def test_the_files_go_with_the_row(project, team, alice, django_capture_on_commit_callbacks):
    asset = intake(project, ContentFile(encoded(pattern(), "PNG")), "a.png", alice).asset
    path = Path(asset.file.path)
    asset.items.all().delete()
    with django_capture_on_commit_callbacks(execute=True):
        asset.delete()
        assert path.exists()  # until the transaction commits
    assert not path.exists()
    assert not Asset.objects.exists()
