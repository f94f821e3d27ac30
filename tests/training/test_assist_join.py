"""What a model sees on the frames of a video becomes tracks where neighbouring frames match."""

from __future__ import annotations

from training.assist.join import Chains


def op(frame: int, x: float, label: str = "car", confidence: float = 0.8) -> dict:
    box = {"type": "box", "x": x, "y": 10, "w": 20, "h": 20}
    name = f"{label}-{frame}-{x}"
    return {"op": "create", "id": name, "label": label, "geometry": box, "frame": frame, "confidence": confidence}


def joined(*frames: list[dict], step: int = 1, count: int = 100) -> list[dict]:
    chains = Chains()
    for ops in frames:
        chains.add(ops)
    return chains.to_ops(step, count)


def spans(ops: list[dict]) -> list[tuple[str, list[int]]]:
    return [(made["label"], [int(n) for n in made.get("keyframes", {})] or [made["frame"]]) for made in ops]


def test_a_moving_object_is_one_track_that_ends_where_it_is_not_seen():
    (track,) = joined(*([op(n, 5 + 4 * n)] for n in range(6)), [])
    assert list(track["keyframes"]) == ["0", "5", "6"] and track["keyframes"]["6"] == {"outside": True}
    assert (track["id"], track["frame"], track["geometry"]["x"]) == ("car-0-5", 0, 5)
    assert track["keyframes"]["5"]["geometry"]["x"] == 25


def test_what_is_seen_once_stays_a_single_box_and_what_comes_back_is_another():
    assert joined([op(0, 5)], [op(1, 60)]) == [op(0, 5), op(1, 60)]
    assert spans(joined([op(0, 5)], [op(1, 5)], [], [op(3, 5)])) == [("car", [0, 1, 2]), ("car", [3])]


def test_classes_are_kept_apart_and_the_most_alike_belong_together():
    ops = joined([op(0, 0), op(0, 12)], [op(1, 13), op(1, 3)], [op(2, 14, "bus"), op(2, 5)])
    assert spans(ops) == [("car", [0, 2, 3]), ("car", [0, 1, 2]), ("bus", [2])]
    assert [entry["geometry"]["x"] for entry in list(ops[1]["keyframes"].values())[:2]] == [12, 13]


def test_a_step_of_several_frames_and_the_end_of_the_video():
    (track,) = joined([op(0, 5, confidence=0.9)], [op(10, 8, confidence=0.6)], step=10, count=15)
    assert list(track["keyframes"]) == ["0", "10"], "nobody has looked since: it is there to the end"
    assert track["confidence"] == 0.75
    assert list(joined([op(0, 5)], [op(10, 8)], step=10, count=40)[0]["keyframes"]) == ["0", "10", "11"]
