"""A real Chromium makes a pipeline, watches it, and stops it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from streaming.models import Pipeline
from tests.streaming.conftest import eventually, start, wait_for
from tests.streaming.detector import make_model

pytestmark = pytest.mark.browser
PICTURES = os.environ.get("SCREENSHOTS", "")


def picture(page, name: str) -> None:
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / f"{name}.png", full_page=True)


def decoded(page) -> int:
    return page.evaluate("() => document.querySelector('#video').getVideoPlaybackQuality().totalVideoFrames")


def test_a_pipeline_is_made_watched_and_stopped(gateway, worker, project, alice, desk) -> None:
    page = desk(alice).open(f"/projects/{project.pk}/pipelines/")
    picture(page, "empty")
    page.get_by_role("button", name="New pipeline").click()
    page.get_by_text("Conveyor", exact=True).click()
    picture(page, "dialog")
    page.get_by_role("button", name="Make and start").click()
    page.wait_for_url("**/pipelines/*/")
    page.wait_for_function("() => document.querySelector('#video').videoWidth > 0", timeout=40_000)
    before = decoded(page)
    page.wait_for_function(
        f"() => document.querySelector('#video').getVideoPlaybackQuality().totalVideoFrames > {before + 20}"
    )
    picture(page, "watching")
    page.wait_for_function("() => document.querySelector('#fps').textContent !== '–'")
    assert page.locator("#state").inner_text() == "Running without a model"
    assert page.locator("#stage").get_attribute("data-player") == "playing"
    picture(page, "watching")
    page.get_by_role("button", name="Stop").click()
    page.get_by_text("This pipeline is stopped.").wait_for()
    pipeline = Pipeline.objects.get()
    eventually(lambda: Pipeline.objects.filter(pk=pipeline.pk, worker="").exists(), what="the lease to be given back")
    picture(page, "stopped")


def test_a_link_from_a_model_opens_the_dialog_with_it(gateway, worker, project, alice, desk) -> None:
    older, newer = make_model(project, "Older"), make_model(project, "Newer")
    page = desk(alice).open(f"/projects/{project.pk}/models/")
    page.get_by_role("link", name="Watch Older on video").click()
    page.locator("#new-pipeline[open]").wait_for()
    assert page.locator("#np-model").input_value() == str(older.pk) != str(newer.pk)
    assert page.url.endswith(f"/projects/{project.pk}/pipelines/"), "a reload does not open it again"
    page.get_by_role("button", name="Make and start").click()
    page.wait_for_url("**/pipelines/*/")
    page.locator("#state", has_text="Running").wait_for()
    made = Pipeline.objects.get()
    assert (made.model_id, made.follow_model) == (older.pk, False)
    page.goto(page.url.replace(f"/pipelines/{made.pk}/", f"/projects/{project.pk}/pipelines/?model={project.pk}"))
    page.get_by_text("That model is not in this project any more").wait_for()
    page.locator("#new-pipeline[open]").wait_for()


def test_the_wall_shows_what_runs(gateway, worker, pipeline, bob, desk) -> None:
    start(pipeline)
    wait_for(pipeline, "passthrough")
    page = desk(bob, color_scheme="dark").open(f"/projects/{pipeline.project_id}/pipelines/")
    page.wait_for_function("() => document.querySelector('[data-snapshot]').naturalWidth > 0", timeout=30_000)
    assert page.locator("[data-pipeline] .badge").inner_text() == "Running without a model"
    assert page.get_by_role("button", name="Stop").count() == 0, "an annotator only watches"
    picture(page, "wall")


def test_without_webrtc_still_pictures_are_shown(gateway, worker, pipeline, bob, desk) -> None:
    start(pipeline)
    wait_for(pipeline, "passthrough")
    sitting = desk(bob)
    sitting.context.add_init_script("delete window.RTCPeerConnection")
    page = sitting.open(f"/pipelines/{pipeline.pk}/")
    page.wait_for_function("() => document.querySelector('#stills').naturalWidth === 320", timeout=30_000)
    assert page.locator("#link-note").inner_text().startswith("No WebRTC video")
    picture(page, "stills")


def test_the_page_comes_back_after_the_gateway_did(gateway, worker, processes, pipeline, bob, desk) -> None:
    start(pipeline)
    wait_for(pipeline, "passthrough")
    sitting = desk(bob)
    sitting.allow("503", "/whep/")
    page = sitting.open(f"/pipelines/{pipeline.pk}/")
    page.wait_for_function("() => document.querySelector('#video').videoWidth > 0", timeout=30_000)
    processes.end(gateway, with_signal=9)
    page.wait_for_function("() => document.querySelector('#stage').dataset.player !== 'playing'", timeout=30_000)
    processes.start("media_gateway")
    page.wait_for_function("() => document.querySelector('#stage').dataset.player === 'playing'", timeout=40_000)
