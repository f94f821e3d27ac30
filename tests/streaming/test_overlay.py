"""Boxes on pictures: labels keep out of each other's way and inside the picture."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from streaming.overlay import _plate, draw, place

SIZE = (200, 120)
corners = st.tuples(st.integers(-20, 199), st.integers(-20, 119), st.integers(1, 220), st.integers(1, 140))


def overlap(one, other) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


@given(corners)
def test_a_label_is_always_in_the_picture(box) -> None:
    x, y, w, h = box
    left, top, right, bottom = place((x, y, x + w, y + h), (40, 12), SIZE, [])
    assert (right - left, bottom - top) == (40, 12)
    assert left >= 0 and right <= SIZE[0] and top >= 0 and bottom <= SIZE[1]


def test_labels_of_boxes_on_the_same_spot_do_not_cover_each_other() -> None:
    taken: list = []
    for _ in range(6):
        taken.append(place((60, 40, 160, 90), (40, 12), SIZE, taken))
    assert not any(overlap(one, other) for n, one in enumerate(taken) for other in taken[:n])


def test_without_room_a_label_covers_another_rather_than_leaving_the_picture() -> None:
    assert place((60, 40, 160, 90), (40, 12), SIZE, [(0, 0, 200, 120)]) == (60, 28, 100, 40)


def seen(label: str, color: str, confidence: float, x: float, y: float) -> dict:
    geometry = {"type": "box", "x": x, "y": y, "w": 60, "h": 40}
    return {"label": label, "color": color, "confidence": confidence, "geometry": geometry}


def shown(picture: np.ndarray, plate: np.ndarray) -> int:
    """How often a plate is in a picture, whole."""
    windows = np.lib.stride_tricks.sliding_window_view(picture, plate.shape)
    return int((windows == plate).all((-3, -2, -1)).sum())


def test_crossing_boxes_at_the_edge_show_both_labels_whole() -> None:
    red, green = seen("bolt", "#FF0000", 0.9, 20, 0), seen("gear", "#00FF00", 0.5, 30, 0)
    picture = np.zeros((120, 200, 3), np.uint8)
    drawn = draw(picture, [green, red])
    assert shown(drawn, _plate("bolt 90%", (255, 0, 0), 11)) == 1
    assert shown(drawn, _plate("gear 50%", (0, 255, 0), 11)) == 1
    assert not picture.any(), "it draws on a copy"
