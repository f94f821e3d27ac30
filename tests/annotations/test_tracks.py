"""Splitting, merging and trimming tracks: what is shown stays as it was, and people who meet on one track."""

from __future__ import annotations

import random
from typing import Any

import pytest
from django.utils import timezone

from annotations import checks, decisions, journal, ops
from annotations.interpolation import Track, state_on
from annotations.models import JournalTx
from annotations.queries import annotations_of, every_shape_of
from tests.annotations.conftest import BOX, create, new_id, tx, update
from tests.annotations.test_commit import assert_journal_is_truth, refused

STAMP = ops.Stamp(5, None, "now")
A, B, NEW = "a", "b", "new"


def box(x: float) -> dict[str, Any]:
    return {**BOX, "x": x}


# What is shown, frame by frame


def a_track(dice: random.Random, name: str) -> dict[str, Any]:
    frames: dict[str, Any] = {}
    for n in sorted(dice.sample(range(40), dice.randint(1, 7))):
        entry: dict[str, Any] = {"geometry": box(dice.randint(0, 500))} if not frames or dice.random() < 0.7 else {}
        if frames and dice.random() < 0.35:
            entry["outside"] = dice.random() < 0.7
        if dice.random() < 0.3 or not entry:
            entry["occluded"] = dice.random() < 0.5
        if dice.random() < 0.3:
            entry["attributes"] = {dice.choice("kl"): dice.randint(0, 9)}
        frames[str(n)] = entry
    op = {
        "op": "create",
        "id": name,
        "label": "l",
        "geometry": box(0),
        "keyframes": frames,
        "frame": int(min(frames, key=int)),
    }
    return ops.apply(None, op, STAMP)


def after(document: dict[str, Any], op: dict[str, Any]) -> dict[str, Any]:
    return ops.fold(document, [{"rev": 6, "actor": None, "at": "later", "ops": [op]}])


def shown(shape: dict[str, Any], frame: int) -> Any:
    """Whether it is there, where about, and how; a cut in a slanting movement rounds its place."""
    state = None if shape["deleted"] else state_on(shape, frame)
    return state and (state["geometry"]["x"], state["occluded"], state["attributes"])


def assert_same(one: Any, other: Any, frame: int) -> None:
    assert (one is None) == (other is None), frame
    if one is not None:
        assert one[0] == pytest.approx(other[0], abs=0.05) and one[1:] == other[1:], frame


@pytest.mark.parametrize("seed", range(40))
def test_split_and_trim_show_what_was_shown(seed):
    dice = random.Random(seed)
    track = a_track(dice, A)
    cut, last = dice.randint(1, 45), dice.randint(1, 45)
    for op in (
        {"op": "track", "id": A, "do": "split", "frame": cut, "new": NEW},
        {"op": "track", "id": A, "do": "trim", "first": min(cut, last), "last": max(cut, last)},
    ):
        try:
            document = after({A: track}, op)
        except ops.Rejected as refusal:
            assert refusal.code == "INVALID"
            continue
        for frame in range(50):
            if op["do"] == "split":
                here, gone = (A, NEW) if frame < cut else (NEW, A)
                assert_same(shown(track, frame), shown(document[here], frame), frame)
                assert shown(document[gone], frame) is None
            elif min(cut, last) <= frame <= max(cut, last):
                assert_same(shown(track, frame), shown(document[A], frame), frame)
            else:
                assert shown(document[A], frame) is None


@pytest.mark.parametrize("seed", range(40))
def test_merge_shows_the_first_and_where_it_is_not_the_other(seed):
    dice = random.Random(seed)
    one, other = a_track(dice, A), a_track(dice, B)
    merged = after({A: one, B: other}, {"op": "track", "id": A, "do": "merge", "other": B})
    last = {shape["id"]: max(map(int, shape["keyframes"])) for shape in (one, other)}
    end = max((n for shape in (one, other) for _, n in Track(shape).visible()), default=-1)
    for frame in range(end + 1):
        ours = shown(one, frame) if frame <= last[A] else None
        theirs = shown(other, frame) if frame <= last[B] else None
        now = shown(merged[A], frame)
        if ours or theirs:  # an attribute that the one never named keeps the other's value
            now = now and (*now[:2], {key: now[2].get(key) for key in (ours or theirs)[2]})
        assert_same(ours or theirs, now, frame)
    assert merged[B]["deleted"]


# Two people


def test_a_track_that_is_full_takes_no_further_keyframe():
    frames = {str(n): {"geometry": box(n)} for n in range(checks.MAX_KEYFRAMES)}
    whole = {"op": "create", "id": A, "label": "l", "geometry": box(0), "frame": 0, "keyframes": frames}
    full = {A: decisions.Entry(ops.apply(None, whole, STAMP), {})}
    facts = decisions.Facts(STAMP, 0, 640, 480, 20_000, {"l"})
    with refused("TOO_LARGE"):
        decisions.decide(full, [keyframe(A, 15_000, 1)], 4, facts)
    for here in (keyframe(A, 7, 1), {"op": "keyframe", "id": A, "frame": 7, "set": None}):
        assert decisions.decide(full, [here], 4, facts).ops == [here]


@pytest.fixture
def make(video_item, labels, alice):
    def made(keyframes: dict[str, Any], **more: Any) -> str:
        op = create(more.pop("label", labels[0]), keyframes=keyframes, frame=0, **more)
        commit(video_item, alice, op)
        return str(op["id"])

    return made


def commit(item, by, *todo, seen: int | None = None, **more):
    """Commits as somebody who has seen everything, or only the revision `seen`."""
    item.refresh_from_db()
    return journal.commit(item.pk, tx(*todo, base_rev=item.rev if seen is None else seen, **more), by)


def track_of(item, name: str) -> dict[str, Any]:
    return next(shape for shape in every_shape_of(item) if shape["id"] == name)


def keyframe(name: str, frame: int, x: float, **more: Any) -> dict[str, Any]:
    return {"op": "keyframe", "id": name, "frame": frame, "set": {"geometry": box(x), **more}}


def frames_of(item, name: str) -> list[int]:
    return sorted(map(int, track_of(item, name)["keyframes"]))


@pytest.mark.django_db
class TestRaces:
    def test_keyframes_of_two_people(self, video_item, make, alice, bob):
        track = make({"0": {"geometry": box(0)}})
        commit(video_item, alice, keyframe(track, 5, 50), seen=1)
        assert commit(video_item, bob, keyframe(track, 6, 60), seen=1).overwritten == []
        receipt = commit(video_item, bob, keyframe(track, 5, 55, occluded=True), seen=1)
        (lost,) = receipt.overwritten
        assert lost["property"] == "keyframe.5" and lost["value"]["geometry"]["x"] == 50
        assert frames_of(video_item, track) == [0, 5, 6]
        assert_journal_is_truth(video_item)

    def test_a_split_must_have_seen_the_keyframes(self, video_item, make, alice, bob):
        track, new = make({"0": {"geometry": box(0)}, "20": {"geometry": box(200)}}), new_id()
        split = {"op": "track", "id": track, "do": "split", "frame": 10, "new": new}
        commit(video_item, bob, keyframe(track, 15, 50), seen=1)
        for op in (split, {**split, "track_rev": 1}):
            with refused("CONFLICT") as refusal:
                commit(video_item, alice, op, seen=1)
            assert "15" in refusal.value.current["keyframes"]
        commit(video_item, alice, {**split, "track_rev": 2}, seen=2)
        later = track_of(video_item, new)
        assert sorted(map(int, later["keyframes"])) == [10, 15, 20] and later["frame"] == 10
        assert (track_of(video_item, track)["detection_id"], later["detection_id"]) == (1, 2)
        commit(video_item, bob, keyframe(track, 3, 7), seen=2)
        assert_journal_is_truth(video_item)

    def test_ones_own_keyframe_that_is_on_its_way_is_no_obstacle(self, video_item, make, bob):
        track = make({"0": {"geometry": box(0)}, "20": {"geometry": box(200)}})
        commit(video_item, bob, keyframe(track, 15, 50), seen=1)
        commit(video_item, bob, {"op": "track", "id": track, "do": "trim", "first": None, "last": 10}, seen=1)
        assert frames_of(video_item, track) == [0, 10, 11]

    def test_merge_against_delete(self, video_item, make, alice, bob):
        one, other = make({"0": {"geometry": box(0)}}), make({"20": {"geometry": box(200)}})
        merge = {"op": "track", "id": one, "do": "merge", "other": other, "track_rev": 1, "other_rev": 2}
        commit(video_item, bob, {"op": "delete", "id": other}, seen=2)
        with refused("GONE"):
            commit(video_item, alice, merge, seen=2)
        commit(video_item, alice, {"op": "restore", "id": other}, merge)
        assert [shape["id"] for shape in annotations_of(video_item)] == [one]
        assert frames_of(video_item, one) == [0, 1, 20]
        with refused("GONE"):
            commit(video_item, bob, keyframe(other, 30, 1))
        assert_journal_is_truth(video_item)

    def test_trim_against_keyframe(self, video_item, make, alice, bob):
        track = make({"0": {"geometry": box(0)}, "20": {"geometry": box(200)}})
        trim = {"op": "track", "id": track, "do": "trim", "first": 5, "last": 10, "track_rev": 1}
        commit(video_item, alice, trim, seen=1)
        with refused("CONFLICT"):
            commit(video_item, bob, trim, seen=1)
        commit(video_item, bob, keyframe(track, 15, 50), seen=1)
        assert frames_of(video_item, track) == [5, 10, 11, 15]
        assert_journal_is_truth(video_item)

    def test_a_merge_is_taken_back_as_a_whole(self, video_item, make, alice):
        one, other = make({"0": {"geometry": box(0)}}), make({"20": {"geometry": box(200)}})
        before = [track_of(video_item, name)["keyframes"] for name in (one, other)]
        merge = {"op": "track", "id": one, "do": "merge", "other": other}
        commit(video_item, alice, merge, tx_id="merge")
        commit(video_item, alice, undo_of="merge", tx_id="back")
        assert [track_of(video_item, name)["keyframes"] for name in (one, other)] == before
        assert not track_of(video_item, other)["deleted"]
        commit(video_item, alice, undo_of="back")
        assert track_of(video_item, other)["deleted"] and frames_of(video_item, one) == [0, 1, 20]
        assert_journal_is_truth(video_item)

    def test_a_merge_that_somebody_worked_on_is_not_taken_back_by_half(self, video_item, make, alice, bob):
        one, other = make({"0": {"geometry": box(0)}}), make({"20": {"geometry": box(200)}})
        commit(video_item, alice, {"op": "track", "id": one, "do": "merge", "other": other}, tx_id="merge")
        commit(video_item, bob, keyframe(one, 30, 300))
        (skipped,) = commit(video_item, alice, undo_of="merge").skipped
        assert skipped["id"] == one and skipped["by"]["name"] == "Bob"
        assert track_of(video_item, other)["deleted"] and frames_of(video_item, one) == [0, 1, 20, 30]
        assert_journal_is_truth(video_item)

    def test_a_merge_is_not_taken_back_into_a_class_that_is_gone(self, video_item, make, labels, project, alice):
        from projects.models import Label

        gone = Label.objects.create(project=project, name="gone")
        one, other = make({"0": {"geometry": box(0)}}), make({"20": {"geometry": box(200)}}, label=str(gone.pk))
        commit(video_item, alice, {"op": "track", "id": one, "do": "merge", "other": other}, tx_id="merge")
        Label.objects.filter(pk=gone.pk).update(retired_at=timezone.now())
        assert commit(video_item, alice, undo_of="merge").skipped == [{"id": other, "property": "label", "by": None}]
        assert track_of(video_item, other)["deleted"] and frames_of(video_item, one) == [0, 1, 20]

    def test_a_split_that_somebody_worked_on_is_not_taken_back_by_half(self, video_item, make, alice, bob):
        track, new = make({"0": {"geometry": box(0)}, "20": {"geometry": box(200)}}), new_id()
        commit(video_item, alice, {"op": "track", "id": track, "do": "split", "frame": 10, "new": new}, tx_id="split")
        commit(video_item, bob, update(new, attributes={"k": 1}))
        assert commit(video_item, alice, undo_of="split").skipped[0]["by"]["name"] == "Bob"
        assert not track_of(video_item, new)["deleted"] and frames_of(video_item, track) == [0, 9, 10]
        assert_journal_is_truth(video_item)


@pytest.mark.django_db
class TestRules:
    def test_the_journal_holds_plain_ops(self, video_item, make, alice):
        track, new = make({"0": {"geometry": box(0)}, "20": {"geometry": box(200)}}), new_id()
        commit(video_item, alice, {"op": "track", "id": track, "do": "split", "frame": 10, "new": new})
        row = JournalTx.objects.get(item=video_item, rev=2)
        assert [op["op"] for op in row.ops] == ["update", "create"] and not any("with" in op for op in row.ops)

    def test_frames_are_those_of_the_video(self, video_item, make, alice):
        track = make({"0": {"geometry": box(0)}})
        for op in ({"do": "split", "frame": 50, "new": new_id()}, {"do": "trim", "last": 50}):
            with refused("FRAME_RANGE"):
                commit(video_item, alice, {"op": "track", "id": track, **op})
        commit(video_item, alice, {"op": "track", "id": track, "do": "trim", "first": 20, "last": 49})
        assert frames_of(video_item, track) == [20], "the video's end needs no mark"

    def test_what_is_malformed(self, video_item, make, alice):
        track = make({"0": {"geometry": box(0)}})
        for more in (
            {"do": "cut"},
            {"do": "split", "frame": 3},
            {"do": "merge", "other": track, "frame": 3},
            {"do": "trim", "last": -1},
        ):
            with refused("INVALID"):
                commit(video_item, alice, {"op": "track", "id": track, **more})

    def test_another_items_shapes_are_not_there(self, video_item, make, project, labels, alice):
        from tests.annotations.conftest import make_item

        track = make({"0": {"geometry": box(0)}, "20": {"geometry": box(200)}})
        foreign = create(labels[0], keyframes={"0": {"geometry": box(0)}}, frame=0)
        second = make_item(project, "b.mp4", "video")
        commit(second, alice, foreign)
        with refused("MISSING"):
            commit(video_item, alice, {"op": "track", "id": track, "do": "merge", "other": foreign["id"]})
        with refused("EXISTS"):
            commit(video_item, alice, {"op": "track", "id": track, "do": "split", "frame": 9, "new": foreign["id"]})
        assert len(annotations_of(second)) == 1

    def test_splitting_a_suggestion_leaves_suggestions_that_count_as_no_label(self, video_item, labels, alice):
        op = create(labels[0], keyframes={"0": {"geometry": box(0)}, "9": {"geometry": box(9)}}, frame=0)
        journal.commit(video_item.pk, tx({**op, "source": "model", "confidence": 0.5}), alice, source="model")
        commit(video_item, alice, {"op": "track", "id": op["id"], "do": "split", "frame": 5, "new": new_id()})
        assert [shape["source"] for shape in annotations_of(video_item)] == ["model", "model"]
        assert_journal_is_truth(video_item)
