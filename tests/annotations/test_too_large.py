"""A shape above 64 KiB is refused with words for people: what it is, how large, and what to do about it."""

from __future__ import annotations

import pytest

from annotations import checks
from annotations.protocol import Rejected

POINTS = [[f"v{n}", n % 600 + 0.5, n // 600 + 0.5] for n in range(6000)]


@pytest.mark.parametrize(
    ("shape", "said"),
    [
        ({"type": "polygon", "rings": [POINTS]}, "draw it with fewer points, or convert it to a mask."),
        ({"type": "polyline", "points": POINTS}, "draw it with fewer points, or in several parts."),
    ],
    ids=lambda value: value["type"] if isinstance(value, dict) else "",
)
def test_says_what_how_large_and_what_to_do(shape, said):
    with pytest.raises(Rejected) as refusal:
        checks.geometry(shape, "/ops/0/geometry")
    assert refusal.value.code == "TOO_LARGE"
    start, end = f"This {shape['type']} takes ", f" KiB, and may take 64: {said} (/ops/0/geometry)"
    detail = refusal.value.detail
    assert detail.startswith(start) and detail.endswith(end)
    assert int(detail.removeprefix(start).removesuffix(end)) > 64


def test_of_attributes_too():
    op = {"op": "update", "id": "01964f5e-8a7b-7c3d-9e2f-0123456789ab", "set": {}}
    op["set"]["attributes"] = {f"a{n}": "x" * 2000 for n in range(40)}
    with pytest.raises(Rejected, match=r"These attributes take 79 KiB, and may take 64: shorten their texts\."):
        checks.check_ops([op])
