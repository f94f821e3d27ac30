"""A scene begins where the colours change at once, not where a camera moves or light fades."""

from __future__ import annotations

import numpy as np
import pytest

from projects.scenes import changes, distance, histogram


def scene(colour: tuple[int, int, int], shift: int = 0) -> np.ndarray:
    """Grey with a coloured block, moved by `shift` pixels."""
    pixels = np.full((90, 160, 3), 90, np.uint8)
    pixels[20:70, 10 + shift : 90 + shift] = colour
    pixels[:10] = colour
    return pixels


def numbered(*pictures: np.ndarray) -> list[tuple[int, np.ndarray]]:
    return [(10 * n, picture) for n, picture in enumerate(pictures)]


def test_cuts_are_found_and_named_by_their_numbers():
    red = [scene((200, 30, 30), shift) for shift in range(8)]
    blue = [scene((30, 30, 210), shift) for shift in range(6)]
    assert list(changes(numbered(*red, *blue, *red[:2]))) == [0, 80, 140]


def test_what_moves_or_fades_is_one_scene():
    moving = [scene((200, 30, 30), 4 * shift) for shift in range(15)]
    slope = np.linspace(0, 170, 160, dtype=np.uint8)[None, :, None].repeat(90, 0).repeat(3, 2)
    fading = [slope + np.uint8(4 * n) for n in range(20)]
    assert list(changes(numbered(*moving))) == [0] == list(changes(numbered(*fading)))


def test_flicker_makes_one_scene_and_not_one_a_frame():
    flicker = [scene((200, 30, 30) if n % 2 else (30, 30, 210)) for n in range(20)]
    assert list(changes(numbered(*flicker))) == [0, 10]


def test_no_frames_no_scenes():
    assert list(changes([])) == []


@pytest.mark.parametrize("size", [(90, 160), (1080, 1920), (1, 1)])
def test_a_histogram_is_of_shares_whatever_the_size(size):
    pixels = np.random.default_rng(1).integers(0, 255, (*size, 3), np.uint8)
    shares = histogram(pixels)
    assert shares.sum() == pytest.approx(1, abs=1e-4)
    assert distance(shares, shares) == pytest.approx(0, abs=1e-3)
