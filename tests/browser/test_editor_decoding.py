"""Frames that the browser decodes by itself are exactly the ones that are named, whatever the video is made of."""

from __future__ import annotations

import random
from fractions import Fraction
from itertools import accumulate

import pytest
from playwright.sync_api import expect

from projects import playback
from projects.intake import intake
from projects.models import Video
from tests.browser.editor_page import EditorPage
from tests.browser.pictures import READ_NUMBER, numbered_video
from tests.processes import eventually

pytestmark = pytest.mark.browser

COUNT = 90
CASES = {
    "constant.mp4": {},
    "ntsc.mov": {"rate": Fraction(30000, 1001), "g": "90"},
    "variable.mkv": {"times": list(accumulate(random.Random(4).choices(range(7, 200), k=COUNT)))},
    "late-start.mp4": {"times": [2000 + 40 * n for n in range(COUNT)]},
    "as-it-is.mp4": {"g": "12", "bf": "0", "sc_threshold": "0"},
}
_DECODES = "frameloop.editor.frames.decoder !== null"
# Goes to each frame in turn, waits until the stage names it, and reads the number that is drawn into its pixels.
_WALK = f"""async (wanted) => {{
  const {{editor}} = frameloop, stage = document.querySelector("#stage"), read = {READ_NUMBER};
  const wrong = [];
  let decoded = 0;
  for (const n of wanted) {{
    editor.goTo(n);
    while (Number(stage.dataset.frame) !== n) await new Promise((resolve) => setTimeout(resolve, 1));
    const read_back = read();
    if (read_back !== n || editor.frame !== n) wrong.push([n, read_back, editor.frame]);
    if (stage.querySelector(".ed-picture canvas")) decoded += 1;
  }}
  return {{wrong, decoded}};
}}"""


@pytest.fixture
def opened(desk, project, alice, tmp_path):
    """A function that takes a video in, makes its packets, and opens it in an editor that decodes."""

    def open_one(name: str, **options) -> EditorPage:
        item = intake(project, numbered_video(tmp_path / name, COUNT, **options), name, alice)
        assert playback.drain() == 1
        editor = EditorPage(desk(alice), item)
        eventually(lambda: editor.page.evaluate(_DECODES), what="the decoder")
        return editor

    return open_one


def _walk() -> list[int]:
    """Forward, back, anywhere, and to and fro over the ends of groups."""
    hand = random.Random(7)
    anywhere = [hand.randrange(COUNT) for _ in range(120)]
    to_and_fro = [n + by for n in (11, 12, 23, 24, 25, 47) for by in (0, 1, 0, -1, 0, -2, 3)]
    return [*range(COUNT), *range(COUNT - 1, -1, -1), *anywhere, *to_and_fro]


@pytest.mark.parametrize("name", CASES)
def test_every_frame_is_the_one_that_is_named(opened, name):
    page = opened(name, **CASES[name]).page
    wanted = _walk()
    seen = page.evaluate(_WALK, wanted)
    assert seen["wrong"] == []
    assert seen["decoded"] >= 0.9 * len(wanted)  # the first few came as pictures before the decoder was there
    kept = page.evaluate("frameloop.editor.frames.decoder.frames.size")
    assert 0 < kept <= 43
    times = page.evaluate("Array.from({length: 90}, (_, n) => frameloop.editor.frames.timeOf(n))")
    row = Video.objects.get()
    base = row.time_base_numerator / row.time_base_denominator
    assert times == pytest.approx([pts * base for pts in row.pts.tolist()], abs=1e-9)
    expect(page.locator("#problem")).to_be_hidden()


def test_jumps_in_a_hurry_end_on_the_last_one(opened):
    editor = opened("a.mp4")
    hand = random.Random(3)
    for _ in range(8):
        hurry = [hand.randrange(COUNT) for _ in range(6)]
        editor.page.evaluate("(hurry) => hurry.forEach((n) => frameloop.editor.goTo(n))", hurry)
        editor.expect_frame(hurry[-1])
        assert editor.page.evaluate(READ_NUMBER) == hurry[-1]
    assert editor.page.evaluate(_DECODES)


def test_a_video_is_shown_while_its_packets_are_not_there_and_changes_over(desk, project, alice, tmp_path):
    item = intake(project, numbered_video(tmp_path / "a.mp4", COUNT), "a.mp4", alice)
    editor = EditorPage(desk(alice), item, frame=5)
    assert editor.page.locator(".ed-picture img").count() == 1
    assert editor.page.evaluate(READ_NUMBER) == 5
    playback.drain()
    eventually(lambda: editor.page.evaluate(_DECODES), what="the decoder")
    assert editor.page.evaluate(_WALK, [30, 31, 60]) == {"wrong": [], "decoded": 3}


def test_a_frame_that_is_looked_at_has_all_its_pixels(opened):
    editor = opened("wide.mp4", width=2560)
    assert editor.page.evaluate(_WALK, [30, 31]) == {"wrong": [], "decoded": 2}
    sharp = editor.page.locator(".ed-picture img[data-frame='31']")
    expect(sharp).to_be_visible()
    assert sharp.evaluate("(image) => [image.naturalWidth, image.offsetWidth]") == [2560, 2560]
    assert editor.page.evaluate(READ_NUMBER) == 31
    assert editor.page.evaluate(_WALK, [32]) == {"wrong": [], "decoded": 1}


def test_a_decoder_that_fails_hands_over_to_the_server(opened):
    editor = opened("a.mp4")
    editor.page.evaluate("() => { VideoDecoder.prototype.decode = () => { throw new Error('broken') } }")
    assert editor.page.evaluate(_WALK, [80, 40, 60, 20, 33]) == {"wrong": [], "decoded": 0}
    assert not editor.page.evaluate(_DECODES)


# A browser whose page is not from a secure origin has no WebCodecs.
_INSECURE = "delete globalThis.VideoDecoder"
_SEEKS = "frameloop.editor.frames.decoder?.video instanceof HTMLVideoElement"
# What a `<video>` may do wrong: it presents the frame before the one in whose middle it was sent.
_ONE_OFF = """() => {
  const {prototype} = HTMLVideoElement, ask = prototype.requestVideoFrameCallback;
  window.shifted = 0;
  prototype.requestVideoFrameCallback = function (tell) {
    return ask.call(this, (now, seen) => {
      const wrong = window.always || Math.abs((this.currentTime * 25) % 1 - 0.5) < 0.1;
      window.shifted += wrong;
      tell(now, {mediaTime: seen.mediaTime - (wrong ? 0.04 : 0)});
    });
  };
}"""


@pytest.fixture
def sought(desk, project, alice, tmp_path):
    """As `opened`, in a browser without WebCodecs."""

    def open_one(name: str, **options) -> EditorPage:
        item = intake(project, numbered_video(tmp_path / name, COUNT, **options), name, alice)
        assert playback.drain() == 1
        person = desk(alice)
        person.context.add_init_script(_INSECURE)
        editor = EditorPage(person, item)
        eventually(lambda: editor.page.evaluate(_SEEKS), what="the seeker")
        return editor

    return open_one


@pytest.mark.parametrize("name", ["variable.mkv", "late-start.mp4", "as-it-is.mp4"])
def test_without_webcodecs_a_sought_frame_is_the_one_that_is_named(sought, name):
    page = sought(name, **CASES[name]).page
    hand = random.Random(5)
    # The first few came as pictures before the seeker was there.
    wanted = [11, 12, 13, 12, 11, COUNT - 1, COUNT - 2, *(hand.randrange(8, COUNT) for _ in range(18))]
    seen = page.evaluate(_WALK, wanted)
    assert seen["wrong"] == []
    assert seen["decoded"] >= 0.9 * len(wanted)
    assert page.evaluate(_SEEKS)


def test_a_seek_that_ends_on_a_neighbour_is_sought_again_or_left_to_the_server(sought):
    page = sought("a.mp4").page
    page.evaluate(_ONE_OFF)
    assert page.evaluate(_WALK, [40, 70]) == {"wrong": [], "decoded": 2}
    assert page.evaluate("shifted") >= 2
    page.evaluate("window.always = true")
    assert page.evaluate(_WALK, [20, 80, 50, 5, 60, 33]) == {"wrong": [], "decoded": 0}
    assert not page.evaluate(_DECODES)


def test_without_any_decoder_the_server_decodes(desk, project, alice, tmp_path):
    item = intake(project, numbered_video(tmp_path / "a.mp4", COUNT), "a.mp4", alice)
    playback.drain()
    person = desk(alice)
    person.context.add_init_script(f"{_INSECURE}; delete globalThis.MediaSource")
    editor = EditorPage(person, item)
    assert editor.page.evaluate(_WALK, [1, 2, 3, 70]) == {"wrong": [], "decoded": 0}
