"""How pictures look is noted later too, where it was not when they came."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from projects.intake import intake
from projects.models import Asset
from projects.tasks import look_at_pictures
from tests.browser.pictures import picture


@pytest.mark.django_db
def test_what_came_before_is_looked_at_once(project, alice):
    item = intake(project, SimpleUploadedFile("a.jpg", picture()), "a.jpg", alice)
    rows = Asset.objects.filter(pk=item.asset_id)
    noted = rows.values_list("brightness", "phash").get()
    assert None not in noted
    rows.update(brightness=None, phash=None)
    assert look_at_pictures() == 1
    assert rows.values_list("brightness", "phash").get() == noted
    assert look_at_pictures() == 0
