"""The address of a search: what it asks for, and what is said of what it cannot."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from annotations.search.query import Query, Span, read


def test_everything_has_its_place():
    query, faults = read(
        {
            "label": ["car,bus", "van"],
            "attribute": ["colour=red", "note=a,b=c"],
            "size_min": ["0.01"],
            "shapes_max": ["3"],
            "split": ["none,val"],
            "q": ["  two words "],
            "created_from": ["2026-01-31"],
            "created_to": ["2026-01-31"],
            "author": ["me"],
            "sort": ["newest"],
            "unknown": ["x"],
        }
    )
    assert faults == []
    assert query.labels == ("car", "bus", "van")
    assert query.attributes == (("colour", "red"), ("note", "a,b=c"))
    assert (query.size, query.shapes) == (Span(0.01, None), Span(None, 3))
    assert query.splits == ("", "val") and query.words == ("two", "words")
    assert query.created == (datetime(2026, 1, 31, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC))
    assert query.authors == ("me",) and query.ordering == "-created_at"


def test_nothing_asks_for_nothing():
    assert read({}) == (Query(), []) == read({"q": [""], "label": [","], "size_min": ["\0"]})


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("state", "done", "none of to-do"),
        ("size_max", "1.5", "number from 0 to 1"),
        ("brightness_min", "nan", "number from 0 to 255"),
        ("attribute", "red", "colour=red"),
        ("created_to", "tomorrow", "no day"),
        ("changed_from", "9999-12-31T23:59-23:59", "no day"),
        ("near", "x", "no id"),
        ("author", "bob", "no id, and not me"),
        ("ordering", "-sha256", "none of path"),
        ("comments", "some", "none of open"),
        ("type", "circle", "none of box"),
        ("label", ",".join(map(str, range(60))), "at most 50"),
    ],
)
def test_what_cannot_be_read_is_left_out_and_said(name, value, said):
    query, faults = read({name: [value], "kind": ["video"]})
    assert [fault.name for fault in faults] == [name] and said in faults[0].detail
    assert query == Query(kinds=("video",))


def test_a_range_has_its_ends_in_order():
    assert read({"shapes_min": ["5"], "shapes_max": ["2"]})[1][0].name == "shapes_min"
