"""Labels arrive from a file: on the right items, under the right labels, with the journal's guarantees."""

from __future__ import annotations

import pytest

from annotations import journal
from annotations.models import Annotation, JournalTx
from annotations.queries import annotations_of
from projects.models import Item, Label
from tests.annotations.conftest import SQUARE, create, make_item, tx
from tests.annotations.importing import bring, coco, native, packed
from tests.annotations.test_commit import assert_journal_is_truth

pytestmark = pytest.mark.django_db(transaction=True)


def test_boxes_arrive_on_their_items_with_the_journals_guarantees(project, alice):
    items = [make_item(project, f"a/{n}.png") for n in range(3)]
    boxes = [(f"a/{n}.png", "car", [10.5 + k, 20, 30, 40]) for n in range(2) for k in range(600)]
    job = bring(project, alice, coco({f"a/{n}.png": (640, 480) for n in range(3)}, boxes))
    assert job.status == "succeeded", job.error
    assert job.result["format"] == "coco" and job.result["pictures"]["matched"] == 3
    assert job.result["shapes"]["taken"] == 1200 and job.result["shapes"]["by_type"] == {"box": 1200}
    assert job.result["labels"][0]["how"] == "name" and job.result["labels"][0]["count"] == 1200
    for item, txs in zip(items, (2, 2, 0), strict=True):
        assert_journal_is_truth(item)
        assert item.rev == txs and item.detections == 300 * txs
        assert [row.ops and len(row.ops) for row in JournalTx.objects.filter(item=item)] == [500, 100][:txs]
    shape = annotations_of(items[0])[0]
    assert (shape["source"], shape["author"], shape["detection_id"]) == ("import", str(alice.pk), 1)


class TestNames:
    def test_names_find_labels_by_name_then_alias_else_a_label_is_added(self, project, alice, item):
        Label.objects.filter(project=project, name="car").update(aliases=["Automobile"])
        boxes = [("a.png", name, [1, 2, 3, 4]) for name in ("PERSON", "automobile", "tram", "tram ")]
        job = bring(project, alice, coco({"a.png": (640, 480)}, boxes))
        assert job.status == "succeeded", job.error
        how = {row["name"]: row["how"] for row in job.result["labels"]}
        assert how == {"PERSON": "name", "automobile": "alias", "tram": "create"}
        tram = Label.objects.get(project=project, name="tram")
        assert tram.ordinal == 2 and tram.color and job.result["labels_added"] == [{"id": str(tram.pk), "name": "tram"}]
        assert sorted(Label.objects.get(pk=shape["label"]).name for shape in annotations_of(item)) == (
            ["car", "person", "tram", "tram"]
        )

    def test_choices_come_first(self, project, alice, item, labels):
        choices = {
            "a": {"label": labels[1]},
            "b": {"alias": labels[0]},
            "c": {"ignore": True},
            "d": {"create": "Bus"},
            "nobody": {"ignore": True},
        }
        boxes = [("a.png", name, [1, 2, 3, 4]) for name in "aabcccd"]
        job = bring(project, alice, coco({"a.png": (640, 480)}, boxes), labels=choices)
        assert job.status == "succeeded", job.error
        assert {row["name"]: (row["how"], row["count"]) for row in job.result["labels"]} == {
            "a": ("given", 2), "b": ("given", 1), "c": ("ignored", 0), "d": ("create", 1)
        }  # fmt: skip
        assert job.result["shapes"]["ignored"] == 3
        assert Label.objects.get(pk=labels[0]).aliases == ["b"] and Label.objects.filter(name="Bus").exists()
        assert [r["code"] for r in job.result["report"]["remarks"]] == ["label-absent"]

    def test_a_label_comes_with_its_schema_and_only_when_a_shape_needs_it(self, project, alice, item):
        declared = [
            {"name": "hand", "color": "#123456", "skeleton": {"points": ["a", "b"], "edges": [[0, 1]]},
             "attributes": [{"name": "left", "type": "checkbox"}, {"name": "bad", "type": "select"}]},
        ]  # fmt: skip
        shape = {"label": "hand", "geometry": {"type": "keypoints", "points": [[1, 2, 2], [3, 4, 1]]}}
        job = bring(project, alice, native(declared, {"path": "a.png", "shapes": [shape]}), "frameloop.jsonl")
        assert job.status == "succeeded", job.error
        hand = Label.objects.get(project=project, name="hand")
        assert hand.skeleton == {"points": ["a", "b"], "edges": [[0, 1]]} and hand.color == "#123456"
        assert hand.attributes == [{"name": "left", "kind": "checkbox"}]
        empty = coco({"a.png": (640, 480)}, [])
        empty["categories"] = [{"id": 1, "name": "unheard"}]
        job = bring(project, alice, empty)
        assert job.result["labels"] == [{"name": "unheard", "count": 0, "match": None, "how": "unused"}]
        assert not Label.objects.filter(name="unheard").exists()


class TestConflicts:
    @pytest.fixture
    def drawn(self, project, item, labels, bob):
        journal.commit(item.pk, tx(create(labels[0]), create(labels[0], geometry=SQUARE)), bob)
        return item

    def test_items_with_shapes_are_left_alone(self, project, alice, drawn):
        job = bring(project, alice, coco({"a.png": (640, 480)}, [("a.png", "car", [1, 2, 3, 4])]))
        assert job.status == "succeeded" and job.result["conflicts"] == {"items": 1, "chosen": "skip"}
        assert job.result["shapes"]["left"] == 1 and len(annotations_of(drawn)) == 2
        drawn.refresh_from_db()
        assert drawn.rev == 1

    def test_theirs_go_first_and_can_come_back(self, project, alice, drawn, api):
        other = make_item(project, "b.png")
        file = coco({"a.png": (640, 480), "b.png": (640, 480)}, [("a.png", "car", [1, 2, 3, 4])])
        job = bring(project, alice, file, conflicts="replace")
        assert job.status == "succeeded", job.error
        assert [shape["geometry"]["w"] for shape in annotations_of(drawn)] == [3]
        drawn.refresh_from_db()
        assert (drawn.rev, drawn.annotation_count, drawn.detections) == (3, 1, 3)
        assert_journal_is_truth(drawn)
        assert_journal_is_truth(other)
        gone = Annotation.objects.get(item=drawn, deleted=True, geometry__type="box")
        journal.commit(drawn.pk, tx({"op": "restore", "id": str(gone.pk)}, base_rev=3), alice)
        assert len(annotations_of(drawn)) == 2

    def test_a_merge_adds_what_is_not_there_one_for_one(self, project, alice, drawn):
        same = [10, 20, 30, 40]
        boxes = [("a.png", "person", same), ("a.png", "person", same), ("a.png", "car", same)]
        job = bring(project, alice, coco({"a.png": (640, 480)}, boxes), conflicts="merge")
        assert job.status == "succeeded" and job.result["shapes"]["duplicates"] == 1
        assert len(annotations_of(drawn)) == 4
        again = bring(project, alice, coco({"a.png": (640, 480)}, boxes), conflicts="merge")
        assert again.result["shapes"]["duplicates"] == 3 and len(annotations_of(drawn)) == 4
        assert_journal_is_truth(drawn)


class TestPictures:
    def test_by_path_else_by_the_only_base_name(self, project, alice):
        for path in ("x/a.png", "x/b.png", "y/b.png", "c.jpeg"):
            make_item(project, path)
        names = ("x/a.png", "z/a.png", "b.png", "c.png", "d.png")
        job = bring(project, alice, coco(dict.fromkeys(names, (640, 480)), []))
        assert job.status == "failed" and job.error["code"] == "refused", "two pictures were the same item"
        names = ("z/a.png", "b.png", "c.png", "d.png")
        boxes = [(name, "car", [1, 2, 3, 4]) for name in names]
        job = bring(project, alice, coco(dict.fromkeys(names, (640, 480)), boxes), mode="best-effort")
        assert job.status == "succeeded", job.error
        assert job.result["pictures"] == {
            "total": 4, "matched": 2, "new": 0, "missing": 2, "unmatched_paths": ["b.png", "d.png"]
        }  # fmt: skip
        filled = Item.objects.filter(project=project, annotation_count=1).order_by("path")
        assert [item.path for item in filled] == ["c.jpeg", "x/a.png"]
        assert job.result["shapes"]["refused"] == 2

    def test_another_size_is_reported(self, project, alice, item):
        job = bring(project, alice, coco({"a.png": (480, 640)}, [("a.png", "car", [1, 2, 3, 4])]))
        (remark,) = job.result["report"]["remarks"]
        assert (remark["severity"], remark["code"]) == ("changed", "size") and "swapped" in remark["text"]

    def test_blind_copies_are_nobodys(self, project, alice, bob, item):
        copy = make_item(project, "copy")
        Item.every.filter(pk=copy.pk).update(replica_of=item, replica_for=bob, path="a.png")
        job = bring(project, alice, coco({"a.png": (640, 480)}, [("a.png", "car", [1, 2, 3, 4])]))
        assert job.status == "succeeded" and len(annotations_of(item)) == 1 and not annotations_of(copy)


class TestShapes:
    def bring(self, project, alice, shapes, path="a.png", **wishes):
        file = native([{"name": "car"}], {"path": path, "shapes": [{"label": "car", **shape} for shape in shapes]})
        return bring(project, alice, file, "frameloop.jsonl", **wishes)

    def test_every_kind_arrives_with_what_it_carries(self, project, alice, item):
        kinds = [
            {"type": "box", "x": 1, "y": 2, "w": 3, "h": 4.25},
            {"type": "rbox", "cx": 50, "cy": 50, "w": 10, "h": 5, "angle": 30},
            {"type": "polygon", "rings": [[[0, 0], [50, 0], [50, 50]], [[10, 5], [20, 5], [20, 10]]]},
            {"type": "polyline", "points": [[0, 0], [5, 5]]},
            {"type": "keypoints", "points": [[1, 2, 2], [0, 0, 0]]},
            {"type": "mask", "size": [480, 640], "counts": _counts(480 * 640, 7)},
            {"type": "tag"},
        ]
        more = {"attributes": {"hidden": True, "n": 3, "t": "é\\"}, "group": "g", "z": 2, "confidence": 0.5}
        job = self.bring(project, alice, [{"geometry": kind, **more} for kind in kinds])
        assert job.status == "succeeded", (job.error, job.result)
        there = annotations_of(item)
        assert [shape["geometry"]["type"] for shape in there] == [kind["type"] for kind in kinds]
        for shape in there:
            assert shape["attributes"] == more["attributes"] and (shape["z"], shape["confidence"]) == (2, 0.5)
        assert len({shape["group"] for shape in there}) == 1
        assert there[2]["geometry"]["rings"][1][0] == [3, 10, 5], "vertices have ids that count through the shape"
        assert_journal_is_truth(item)

    def test_a_large_mask_lies_beside_the_journal(self, project, alice, item):
        counts = _counts(480 * 640, 2)
        assert len(counts) > 100_000
        geometry = {"type": "mask", "size": [480, 640], "counts": counts}
        job = self.bring(project, alice, [{"geometry": geometry}, {"geometry": geometry}])
        assert job.status == "succeeded", job.error
        assert [shape["geometry"] for shape in annotations_of(item)] == [geometry] * 2
        stored = Annotation.objects.filter(item=item).first().geometry
        assert "blob" in stored and item.mask_blobs.count() == 1

    def test_what_cannot_be_is_refused_and_what_reaches_over_is_cut(self, project, alice, item):
        boxes = [[-10, 5, 30, 10], [700, 5, 30, 10], [5, 5, -3, 10], [5, 5, 0, 10]]
        file = coco({"a.png": (640, 480)}, [("a.png", "car", box) for box in boxes])
        file["annotations"] += [
            {"id": 9, "image_id": 1, "category_id": 10, "bbox": [1, 2, 3, 4],
             "segmentation": {"size": [5, 5], "counts": [25]}},
            {"id": 10, "image_id": 1, "category_id": 77, "bbox": [1, 2, 3, 4]},
            {"id": 11, "image_id": 55, "category_id": 10, "bbox": [1, 2, 3, 4]},
        ]  # fmt: skip
        job = bring(project, alice, file, mode="best-effort")
        assert job.status == "succeeded", job.error
        assert annotations_of(item)[0]["geometry"] == {"type": "box", "x": 0, "y": 5, "w": 20, "h": 10}
        codes = {(row["severity"], row["code"]) for row in job.result["report"]["counts"]}
        assert ("changed", "clipped") in codes and ("refused", "outside") in codes
        assert all(r["text"] and r["file"] and r["where"] for r in job.result["report"]["remarks"])
        assert_journal_is_truth(item)

    def test_tracks_keep_their_keyframes_and_numbers(self, project, alice, video_item):
        box = {"type": "box", "x": 1, "y": 2, "w": 3, "h": 4}
        keyframes = {
            "3": {"geometry": box},
            "9": {"geometry": {**box, "x": 9}, "occluded": True},
            "20": {"outside": True},
        }
        shapes = [
            {"geometry": box, "keyframes": keyframes, "number": 41},
            {"geometry": box, "keyframes": {**keyframes, "60": {"geometry": box}}, "number": 41},
            {"geometry": box, "frame": 4},
            {"geometry": {"type": "tag"}},
            {"geometry": box, "frame": 50},
            {"geometry": box},
        ]
        job = self.bring(project, alice, shapes, "a.mp4", mode="best-effort")
        assert job.status == "succeeded", job.error
        there = annotations_of(video_item)
        assert [(s["frame"], s["detection_id"]) for s in there] == [(3, 41), (3, 42), (4, 43), (None, 44)]
        assert there[0]["keyframes"] == keyframes == there[1]["keyframes"]
        assert job.result["shapes"]["by_type"] == {"track": 2, "box": 1, "tag": 1}
        codes = {row["code"]: row["count"] for row in job.result["report"]["counts"]}
        assert codes == {"keyframe": 1, "frame": 2}
        assert_journal_is_truth(video_item)

    def test_frames_of_a_video_as_pictures_gather_on_their_video(self, project, alice, video_item):
        pictures = [
            {"path": f"frames/{n}.png", "of_video": "a.mp4", "frame": n,
             "shapes": [{"label": "car", "geometry": {"type": "box", "x": 1, "y": 2, "w": 3, "h": 4}}]}
            for n in range(0, 40, 5)
        ]  # fmt: skip
        job = bring(project, alice, native([{"name": "car"}], *pictures), "frameloop.jsonl")
        assert job.status == "succeeded", job.error
        assert [shape["frame"] for shape in annotations_of(video_item)] == list(range(0, 40, 5))
        video_item.refresh_from_db()
        assert video_item.rev == 1, "one transaction for all of them"

    def test_keypoints_have_as_many_points_as_their_skeleton(self, project, alice, item):
        Label.objects.filter(project=project, name="car").update(skeleton={"points": ["a", "b", "c"], "edges": []})
        job = self.bring(project, alice, [{"geometry": {"type": "keypoints", "points": [[1, 2, 2]]}}])
        assert job.status == "failed" and "skeleton 3" in job.result["report"]["remarks"][0]["text"]

    def test_ids_of_its_own_format_stay_where_nobody_has_them(self, project, alice, item, a_shape):
        taken, free = a_shape(), "0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b"
        box = {"type": "box", "x": 1, "y": 2, "w": 3, "h": 4}
        other = make_item(project, "b.png")
        shapes = [{"geometry": box, "id": name} for name in (taken, free, free, "nonsense")]
        job = self.bring(project, alice, shapes, "b.png")
        assert job.status == "succeeded", job.error
        ids = [shape["id"] for shape in annotations_of(other)]
        assert free in ids and taken not in ids and len(set(ids)) == 4

    def test_suggestions_stay_suggestions(self, project, alice, item):
        job = self.bring(project, alice, [{"geometry": {"type": "tag"}, "source": "model", "confidence": 0.7}])
        assert job.status == "succeeded", job.error
        (shape,) = annotations_of(item)
        item.refresh_from_db()
        assert shape["source"] == "model" and item.annotation_count == 0 and item.rev == 1


def _counts(pixels: int, run: int) -> str:
    """Compressed run lengths of stripes."""
    from annotations.formats import rle

    runs = [run] * (pixels // run)
    return rle.text([*runs, pixels - sum(runs)] if sum(runs) < pixels else runs)


def test_splits_go_to_items_that_have_none(project, alice, item):
    fixed = make_item(project, "b.png")
    Item.objects.filter(pk=fixed.pk).update(split="test")
    pictures = [{"path": "a.png", "split": "val"}, {"path": "b.png", "split": "train"}]
    assert bring(project, alice, native([], *pictures), "frameloop.jsonl").status == "succeeded"
    assert dict(Item.objects.filter(project=project).values_list("path", "split")) == {"a.png": "val", "b.png": "test"}


def test_a_format_that_is_not_clear_is_asked_for(project, alice, item):
    job = bring(project, alice, packed(("notes.txt", "nothing of the kind")))
    assert job.status == "failed" and job.error["code"] == "format-unclear" and job.result["candidates"] == []
