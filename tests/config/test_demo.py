"""The demo of an empty database: whole, consistent and made by the same ways that people use."""

from __future__ import annotations

import io
import stat

import cv2
import numpy as np
import pytest
from django.contrib.auth import authenticate
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command

from annotations.models import Annotation, JournalTx
from config import demo, up
from projects import access, intake
from projects.conveyor import LABELS, Conveyor
from projects.models import Item, Job, Project, Team, User
from streaming.models import Pipeline

pytestmark = [pytest.mark.slow, pytest.mark.django_db]
PICTURES = 4


@pytest.fixture
def made(monkeypatch, settings, tmp_path) -> demo.Demo:
    settings.DATA_DIR = tmp_path
    monkeypatch.setattr(demo, "VIDEO_SECONDS", 1)
    return demo.make(lambda text: None, images=PICTURES)


def test_every_shape_of_the_scene_is_an_annotation_with_a_journal(made):
    items = list(Item.objects.filter(project=made.project, asset__kind="image").order_by("path"))
    assert [item.path for item in items] == [f"belt-{n + 1:03}.jpg" for n in range(PICTURES)]
    scene = Conveyor()
    for number, item in enumerate(items):
        _, shapes = scene.frame(number * demo._STRIDE)
        wanted = sorted((shape.label, shape.x, shape.y, shape.w, shape.h) for shape in shapes)
        rows = Annotation.objects.filter(item=item).select_related("label")
        keys = ("x", "y", "w", "h")
        assert sorted((row.label.name, *(row.geometry[key] for key in keys)) for row in rows) == wanted
        assert {row.source for row in rows} == {"human"}
        assert item.rev == JournalTx.objects.filter(item=item).count() == 1


def test_the_video_is_an_item_whose_frames_can_be_stepped_through(made):
    video = Item.objects.get(project=made.project, asset__kind="video").asset.video
    assert (video.frames, video.codec, round(video.fps)) == (25, "h264", 25)


def test_both_people_sign_in_with_what_the_card_says(made):
    card = made.card()
    for name, email, password in made.people:
        assert authenticate(username=email, password=password).name == name
        assert email in card and password in card
    assert max(map(len, card.splitlines())) <= 80
    ada, ben = (User.objects.get(name=name) for name in ("Ada", "Ben"))
    assert access.project_rank(ada, made.project.pk) == access.Rank.OWNER
    assert access.project_rank(ben, made.project.pk) == access.Rank.MANAGER


def test_the_passwords_are_kept_for_their_owner_only(made):
    assert stat.S_IMODE(made.file.stat().st_mode) == 0o600
    lines = made.file.read_text().splitlines()
    assert lines == [f"{email} {password}" for _, email, password in made.people]


def test_two_demos_have_different_passwords():
    assert demo._person("One")[1] != demo._person("Two")[1]


def test_a_training_is_queued_and_a_pipeline_waits_for_its_model(made):
    job = Job.objects.get(project=made.project)
    assert (job.kind, job.status) == ("train", "queued")
    pipeline = Pipeline.objects.get(project=made.project)
    assert (pipeline.follow_model, pipeline.wanted, pipeline.model) == (True, True, None)
    assert pipeline.source.kind == "synthetic"


def test_the_labels_are_those_of_the_scene_in_order(made):
    assert tuple(made.project.labels.values_list("name", flat=True)) == LABELS


@pytest.mark.django_db(transaction=True)
def test_what_breaks_halfway_leaves_neither_rows_nor_files(monkeypatch, settings, tmp_path):
    settings.DATA_DIR = tmp_path
    settings.MEDIA_ROOT = tmp_path / "media"
    storage = {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": str(tmp_path / "media")},
    }
    settings.STORAGES = {**settings.STORAGES, "default": storage}
    (tmp_path / "grey.png").write_bytes(cv2.imencode(".png", np.full((8, 8, 3), 99, "uint8"))[1].tobytes())
    other, _ = intake.store_file(Team.objects.create(name="Other"), tmp_path / "grey.png", "grey.png", None)

    def broken(*args):
        assert len(default_storage.listdir("assets")[0]) == 2
        raise OSError("disk full")

    monkeypatch.setattr(demo, "_video", broken)
    with pytest.raises(OSError, match="disk full"):
        demo.make(lambda text: None, images=1)
    assert not User.objects.exists() and Team.objects.count() == 1 and not Project.objects.exists()
    assert not (tmp_path / "demo-credentials.txt").exists()
    assert default_storage.listdir("assets")[0] == [str(other.team_id)]
    assert default_storage.exists(other.file.name)


def test_people_who_are_there_already_get_no_demo(alice, capsys):
    up._make_demo()
    assert not Project.objects.exists()
    with pytest.raises(CommandError, match="people in this database already"):
        call_command("demo", stdout=io.StringIO())
