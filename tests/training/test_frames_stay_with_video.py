"""Pictures that were taken of a video are never parted from it, nor from what resembles them."""

from __future__ import annotations

from training.datasets.duplicates import beside_their_videos


def test_pictures_share_the_group_of_their_video():
    groups = {"video": "video", "a": "a", "b": "b", "alone": "alone"}
    joined = beside_their_videos(groups, [("a", "video"), ("b", "video")])
    assert joined == {"video": "video", "a": "video", "b": "video", "alone": "alone"}


def test_what_resembles_one_of_them_comes_along():
    groups = {"a": "a", "copy": "a", "b": "b", "one": "one", "two": "two"}
    joined = beside_their_videos(groups, [("a", "one"), ("copy", "two"), ("b", "two")])
    assert len({joined[name] for name in ("a", "copy", "b", "one", "two")}) == 1


def test_a_video_that_is_not_in_the_version_still_holds_its_pictures_together():
    joined = beside_their_videos({"a": "a", "b": "b"}, [("a", "gone"), ("b", "gone")])
    assert joined["a"] == joined["b"]
