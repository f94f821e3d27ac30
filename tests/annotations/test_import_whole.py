"""An import is carried out as a whole or not at all, whatever is in the file and whatever happens to its worker."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest
from django.db import DatabaseError, connection

from annotations import bulk, journal
from annotations.imports import files, starting, undo
from annotations.models import JournalTx
from annotations.queries import annotations_of
from projects.models import Item, Job, Label, Membership
from tests.annotations.conftest import create, make_item, tx, update
from tests.annotations.importing import ask, bring, carried, coco, packed, picture, state_of
from tests.annotations.test_commit import assert_journal_is_truth
from tests.processes import ROOT, eventually, on_test_database

pytestmark = pytest.mark.django_db(transaction=True)
BOX = [1, 2, 3, 4]


def with_media(*names: str, boxes=None, sizes=None) -> bytes:
    found = coco(dict.fromkeys(names, (64, 48)), boxes or [(name, "bike", BOX) for name in names])
    media = [(f"images/{name}", picture(seed=n)) for n, name in enumerate(names)]
    return packed(("annotations.json", found), *media)


class TestMedia:
    def test_pictures_that_the_project_lacks_become_items(self, project, alice):
        job = bring(project, alice, with_media("a.png", "x/b.png"))
        assert job.status == "succeeded", job.error
        assert job.result["pictures"]["new"] == 2
        items = list(Item.objects.filter(project=project).order_by("path"))
        assert [(item.path, item.asset.width, item.annotation_count, item.rev) for item in items] == [
            ("a.png", 64, 1, 1), ("x/b.png", 64, 1, 1)
        ]  # fmt: skip
        for item in items:
            assert_journal_is_truth(item)
            assert item.asset.file.size and item.asset.thumbnail

    def test_the_same_pixels_under_another_folder_are_the_item_that_is_there(self, project, alice):
        bring(project, alice, with_media("a.png"))
        moved = packed(("annotations.json", coco({"else/a.png": (64, 48)}, [("else/a.png", "bike", BOX)])),
                       ("images/else/a.png", picture(seed=0)))  # fmt: skip
        job = bring(project, alice, moved, conflicts="merge")
        assert job.status == "succeeded" and Item.objects.filter(project=project).count() == 1
        assert job.result["shapes"]["duplicates"] == 1
        other = packed(("annotations.json", coco({"else/a.png": (64, 48)}, [("else/a.png", "bike", BOX)])),
                       ("images/else/a.png", picture(seed=9)))  # fmt: skip
        assert bring(project, alice, other).result["pictures"]["new"] == 1

    def test_without_media_they_are_missing(self, project, alice):
        job = bring(project, alice, with_media("a.png"), media=False)
        assert job.error["code"] == "refused" and job.result["pictures"]["unmatched_paths"] == ["a.png"]

    def test_a_preview_tells_the_same_and_touches_nothing(self, project, alice):
        make_item(project, "x/b.png")
        before = state_of(project)
        content = with_media("a.png", "x/b.png")
        seen = bring(project, alice, content, mode="dry-run")
        assert seen.status == "succeeded" and state_of(project) == before
        assert (seen.result["pictures"]["new"], seen.result["pictures"]["matched"]) == (1, 1)
        assert seen.result["labels"] == [{"name": "bike", "count": 2, "match": None, "how": "create"}]
        wishes = starting.Wishes(source={"again": str(seen.pk)})
        done = carried(starting.start(project, wishes, alice))
        assert done.status == "succeeded", done.error
        assert done.result["shapes"] == seen.result["shapes"] and done.result["pictures"] == seen.result["pictures"]


class TestRefusals:
    @pytest.fixture
    def before(self, project, item, labels, bob):
        journal.commit(item.pk, tx(create(labels[0])), bob)
        return state_of(project)

    def test_one_refusal_refuses_all(self, project, alice, before):
        boxes = [("new.png", "bike", BOX), ("a.png", "bike", [1000, 2, 3, 4])]
        content = packed(("annotations.json", coco({"new.png": (64, 48), "a.png": (640, 480)}, boxes)),
                         ("new.png", picture()))  # fmt: skip
        job = bring(project, alice, content, conflicts="replace")
        assert job.status == "failed" and job.error["code"] == "refused"
        assert state_of(project) == before
        assert job.result["report"]["remarks"][0]["file"] == "a.png"
        best = bring(project, alice, content, conflicts="replace", mode="best-effort")
        assert best.status == "succeeded" and Item.objects.filter(project=project, path="new.png").exists()
        assert len(annotations_of(Item.objects.get(path="a.png"))) == 1, "nothing came in the place of what it has"

    @pytest.mark.parametrize(
        ("name", "content", "code"),
        [
            ("a.json", b'{"images": [', "json"),
            ("a.json", b'{"images": [{"id": 1, "file_name": "a.png"}], "annotations": [{"bbox": [NaN', "json"),
            ("a.zip", packed(("../annotations.json", "{}")), "unsafe-name"),
            ("a.zip", packed(("a.json", picture()))[:-200], "damaged"),
            ("a.zip", packed(("A.json", "{}"), ("a.json", "{}")), "same-name"),
            ("a.zip", packed(("inner.zip", packed(("a", "b")))), "format-unclear"),
            ("a.rar", b"Rar!\x1a\x07\x00", "unknown-archive"),
            ("a.json", b"", "empty"),
        ],
        ids=["cut", "nan", "slip", "cut zip", "case", "nested", "rar", "empty"],
    )
    def test_files_that_cannot_be_read_say_why(self, project, alice, before, name, content, code):
        format_ = "auto" if code == "format-unclear" else "coco"
        job = bring(project, alice, content, name, format=format_)
        assert job.status == "failed" and job.error["code"] == code and len(job.error["detail"]) > 20
        assert state_of(project) == before

    def test_pictures_that_are_none(self, project, alice, before):
        content = packed(
            ("annotations.json", coco({"b.png": (64, 48), "c.png": (64, 48)}, [("b.png", "bike", BOX)])),
            ("b.png", b"\x89PNG\r\n\x1a\n and then nothing"),
            ("c.png", picture()),
        )
        job = bring(project, alice, content)
        assert job.status == "failed" and job.error["code"] == "refused" and state_of(project) == before
        assert any(r["code"] == "media" and r["file"] == "b.png" for r in job.result["report"]["remarks"])

    def test_whoever_lost_the_right_meanwhile(self, project, alice, bob, team, before):
        Membership.objects.filter(team=team, user=bob).update(role="manager")
        job = ask(project, bob, coco({"a.png": (640, 480)}, [("a.png", "bike", BOX)]), conflicts="merge")
        Membership.objects.filter(team=team, user=bob).update(role="annotator")
        assert carried(job).error["code"] == "forbidden" and state_of(project) == before


class TestInterruptions:
    def test_a_cancelled_import_leaves_everything_as_it_was(self, project, alice, monkeypatch):
        before = state_of(project)
        job = ask(project, alice, with_media("a.png", "b.png"))
        from annotations.imports import reading

        missing = reading.Reading._compare_sizes

        def then_cancel(self, picture, known):
            Job.objects.get(pk=job.pk).request_cancel()
            eventually(lambda: self.held._unwanted, what="the word")
            return missing(self, picture, known)

        monkeypatch.setattr(reading.Reading, "_compare_sizes", then_cancel)
        assert carried(job).status == "cancelled" and state_of(project) == before

    @pytest.fixture
    def half_new(self, project) -> bytes:
        """An archive for a hundred and twenty items, of which one is not there yet."""
        names = [f"{n:03}.png" for n in range(120)]
        for name in names[1:]:
            make_item(project, name)
        found = coco(dict.fromkeys(names, (64, 48)), [(name, "bike", BOX) for name in names for _ in range(3)])
        return packed(("a.json", found), (names[0], picture()))

    def finished(self, project, job):
        """The job, carried out by another worker after the first one is gone; nothing is there twice."""
        Job.objects.filter(pk=job.pk).update(status="queued", attempt_token=None)
        job = carried(job)
        assert job.status == "succeeded", job.error
        assert job.result["shapes"]["taken"] == 360
        items = list(Item.objects.filter(project=project))
        assert len(items) == 120
        assert {(item.annotation_count, item.rev) for item in items} == {(3, 1)}
        assert Label.objects.filter(project=project, name="bike").count() == 1
        for item in items[:3]:
            assert_journal_is_truth(item)

    def test_a_worker_that_is_killed_between_items_leaves_nothing_twice(self, project, alice, half_new):
        job = ask(project, alice, half_new, mode="best-effort")
        killed = subprocess.run(
            [sys.executable, "-c", _KILLED.format(job=job.pk)], cwd=ROOT, env=on_test_database(), timeout=120
        )
        assert killed.returncode == -signal.SIGKILL
        job.refresh_from_db()
        assert job.status == "running" and JournalTx.objects.filter(item__project=project).count() == 50
        self.finished(project, job)

    def test_a_worker_that_loses_its_database_has_written_nothing(self, project, alice, half_new, monkeypatch):
        job = ask(project, alice, half_new)
        items = list(Item.objects.filter(project=project))

        def and_lose(write):
            write.run("SELECT pg_terminate_backend(pg_backend_pid())")

        with monkeypatch.context() as patch, pytest.raises(DatabaseError):
            patch.setattr(bulk._Pass, "write_journal", and_lose)
            carried(job)
        connection.close()
        assert list(Item.objects.filter(project=project)) == items
        assert not Label.objects.filter(name="bike").exists()
        assert not JournalTx.objects.filter(item__project=project).exists()
        self.finished(project, job)


# Ends itself the hard way when a second transaction has written its journal, before it is committed.
_KILLED = """
import os, signal, django
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()
from annotations import bulk
from annotations.imports import running
from projects import jobs
write, calls = bulk._Pass.write_journal, []
def and_die(self):
    write(self)
    calls.append(1)
    if len(calls) == 2:
        os.kill(os.getpid(), signal.SIGKILL)
bulk._Pass.write_journal = and_die
jobs.carry("{job}", running.work)
"""


class TestUndo:
    def test_an_import_is_taken_back_as_a_whole(self, project, alice, item, labels, bob):
        journal.commit(item.pk, tx(create(labels[0])), bob)
        before = annotations_of(item)
        boxes = [("a.png", "bike", BOX)] * 700 + [("new.png", "bike", BOX)]
        content = packed(("a.json", coco({"a.png": (640, 480), "new.png": (64, 48)}, boxes)), ("new.png", picture()))
        job = bring(project, alice, content, conflicts="replace")
        assert job.status == "succeeded" and len(annotations_of(item)) == 700
        back = carried(undo.start(job, alice))
        assert back.status == "succeeded", back.error
        assert back.result["items"] == 1 and back.result["labels"] == 1 and back.result["items_kept"] == 0
        after = annotations_of(item)
        assert [shape["id"] for shape in after] == [shape["id"] for shape in before]
        assert not Item.objects.filter(path="new.png").exists() and not Label.objects.filter(name="bike").exists()
        assert_journal_is_truth(item)
        with pytest.raises(undo.UndoError, match="taken back already"):
            undo.start(job, alice)

    def test_what_people_went_on_with_stays(self, project, alice, bob, item):
        content = packed(("a.json", coco({"a.png": (640, 480), "new.png": (64, 48)},
                                         [("a.png", "bike", BOX), ("a.png", "bike", [5, 6, 7, 8]),
                                          ("new.png", "bike", BOX)])), ("new.png", picture()))  # fmt: skip
        job = bring(project, alice, content)
        first, _ = annotations_of(item)
        journal.commit(item.pk, tx(update(first["id"], attributes={"seen": True}), base_rev=1), bob)
        new = Item.objects.get(path="new.png")
        journal.commit(new.pk, tx(create(first["label"]), base_rev=1), bob)
        back = carried(undo.start(job, alice))
        assert back.status == "succeeded" and back.result["items_kept"] == 1 and back.result["labels"] == 0
        assert [shape["id"] for shape in annotations_of(item)] == [first["id"]]
        assert len(annotations_of(new)) == 1 and Label.objects.filter(name="bike").exists()
        assert_journal_is_truth(item)
        assert_journal_is_truth(new)


def test_files_go_after_a_day_but_not_under_a_job(project, alice, item):
    done = bring(project, alice, coco({"a.png": (640, 480)}, []), mode="dry-run")
    waiting = starting.start(project, starting.Wishes(source={"again": str(done.pk)}), alice)
    files.sweep(older_than_s=-10)
    assert files.kept(str(done.pk)), "a job that waits reads it"
    assert carried(waiting).status == "succeeded"
    files.sweep()
    assert files.kept(str(done.pk)), "its day is not over"
    files.sweep(older_than_s=-10)
    with pytest.raises(starting.WishError, match="send it again"):
        starting.start(project, starting.Wishes(source={"again": str(done.pk)}), alice)
