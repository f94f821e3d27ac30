"""The filter bar of the items page by keyboard: what it asks for stands in the address, and comes off again."""

from __future__ import annotations

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from playwright.sync_api import expect

from projects.intake import intake
from projects.models import Asset, Project, User
from tests.browser.test_pages import BAD_CONTROLS, picture

pytestmark = pytest.mark.browser


def test_filters_stand_in_the_address_and_come_off_again(desk, alice: User, project: Project) -> None:
    for name, colour in (("red.png", "red"), ("dark.png", "black"), ("crimson.png", "#d00000")):
        intake(project, SimpleUploadedFile(name, picture(colour)), name, alice)
    assert Asset.objects.filter(brightness__lt=10).count() == 1
    car = project.labels.get(name="car")
    page = desk(alice).open(f"/projects/{project.pk}/?label_none={car.pk}")
    names = page.locator(".tile-name")
    expect(names).to_have_count(3)
    page.wait_for_load_state("load")
    page.keyboard.press("f")
    expect(page.get_by_label("None of these")).to_have_values([str(car.pk)])
    assert page.evaluate(BAD_CONTROLS) == []
    page.get_by_role("group", name="Brightness").get_by_label("From").fill("20")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(rf"\?label_none={car.pk}&brightness_min=20$"))
    expect(page.get_by_role("status").filter(has_text="match")).to_have_text("2 items match")
    expect(names).to_have_text(["crimson.png", "red.png"])

    page.locator("[data-chip=brightness_min]").click()
    page.wait_for_url(re.compile(rf"\?label_none={car.pk}$"))
    tile = page.locator(".tile", has_text="red.png")
    tile.hover()
    tile.get_by_label("More of red.png").click()
    tile.get_by_role("link", name="More like this").click()
    page.wait_for_url(re.compile(r"\?like="))
    expect(page.locator("[data-chip=like]")).to_contain_text("like red.png")
