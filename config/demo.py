"""The demo project of an empty database: a conveyor to label, to train on and to watch."""

from __future__ import annotations

import contextlib
import secrets
import tempfile
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
from django.conf import settings
from django.core.files.storage import default_storage
from django.db import transaction

from annotations import journal
from annotations.protocol import Tx
from projects import intake
from projects.conveyor import COLORS, FPS, LABELS, Conveyor, Shape
from projects.models import Label, Membership, Project, Role, Team, User
from streaming.models import Pipeline, Source, SourceKind
from training import jobs

IMAGES = 120
VIDEO_SECONDS = 10
PRESET = "demo"  # the recipe for people who wait
_STRIDE = 163  # frames between two pictures: more than the belt shows at once, so no part is seen twice
_VIDEO_START = 1_000_000  # far from the pictures: what the model is watched on is not what it learned from
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # nothing that could be taken for something else

Say = Callable[[str], None]


@dataclass(frozen=True)
class Demo:
    """What was made, and how to get in."""

    project: Project
    people: tuple[tuple[str, str, str], ...]  # name, email, password
    file: Path

    def card(self) -> str:
        """The sign-in data, to be read from a terminal of 80 columns."""
        lines = ["Two people, for two browsers:", ""]
        for name, email, password in self.people:
            lines += [f"{name}   {email}", f"{' ' * len(name)}   password {password}", ""]
        lines += ["The passwords are shown this once and kept in", *_in_parts(str(self.file), 70)]
        width = max(len(line) for line in lines)
        title = " Sign in to the demo "
        top, bottom = f"  +{title:-^{width + 4}}+", f"  +{'-' * (width + 4)}+"
        return "\n".join(["", top, *(f"  |  {line:<{width}}  |" for line in lines), bottom, ""])


def _in_parts(text: str, length: int) -> list[str]:
    return [text[start : start + length] for start in range(0, len(text), length)]


def make(say: Say, images: int = IMAGES) -> Demo:
    """Make the demo, all of it or nothing: neither rows nor stored files.

    Ada owns the team and may use the administration; Ben manages. Their passwords are random and are
    written to `demo-credentials.txt` in the data folder, readable to its owner only.
    """
    say(f"Making the demo: {images} labelled pictures, a video, a training and a live pipeline.")
    team = Team(name="Demo")
    file = Path(settings.DATA_DIR) / "demo-credentials.txt"
    try:
        with transaction.atomic():
            demo = _make(team, images, file)
    except BaseException:  # Ctrl-C too
        _forget_files(f"{intake.ASSETS}/{team.pk}")
        file.unlink(missing_ok=True)
        raise
    return demo


def _make(team: Team, images: int, file: Path) -> Demo:
    ada, ben = _person("Ada", is_staff=True, is_superuser=True), _person("Ben")
    team.save()
    Membership.objects.create(team=team, user=ada[0], role=Role.OWNER)
    Membership.objects.create(team=team, user=ben[0], role=Role.MANAGER)
    project = _project(team, ada[0])
    with tempfile.TemporaryDirectory(prefix="frameloop-demo-") as folder:
        _label_pictures(project, images, (ada[0], ben[0]), Path(folder))
        video = _video(Path(folder) / "belt.mp4")
        intake.intake(project, video, "belt.mp4", ada[0])
    _pipeline(project, ada[0])
    jobs.start_training(project, ada[0], {"preset": PRESET})
    people = tuple((user.name, user.email, password) for user, password in (ada, ben))
    demo = Demo(project, people, file)
    _write_privately(demo)
    return demo


def _forget_files(folder: str) -> None:
    """Delete what was stored below a folder that is the demo team's alone."""
    with contextlib.suppress(FileNotFoundError):
        folders, names = default_storage.listdir(folder)
        for name in folders:
            _forget_files(f"{folder}/{name}")
        for name in names:
            default_storage.delete(f"{folder}/{name}")
        default_storage.delete(folder)


def _person(name: str, **rights: bool) -> tuple[User, str]:
    password = "-".join("".join(secrets.choice(_ALPHABET) for _ in range(4)) for _ in range(4))
    return User.objects.create_user(f"{name.lower()}@demo.frameloop", password, name=name, **rights), password


def _project(team: Team, by: User) -> Project:
    project = Project.objects.create(
        team=team,
        name="Conveyor",
        task="detect",
        description="Parts on a belt, drawn by Frameloop itself. Some are rusty and cracked: find the defects.",
        created_by=by,
    )
    for ordinal, name in enumerate(LABELS):
        Label.objects.create(project=project, name=name, ordinal=ordinal, color=COLORS[name])
    return project


def _label_pictures(project: Project, count: int, people: tuple[User, User], folder: Path) -> None:
    labels = {label.name: str(label.pk) for label in project.labels.all()}
    for number, (file, shapes) in enumerate(_pictures(count, folder)):
        by = people[number % 2]
        item = intake.intake(project, file, file.name, by)
        ops = [_create(shape, labels[shape.label]) for shape in shapes]
        if ops:
            journal.commit(item.pk, Tx("demo", f"demo-{number}", 0, ops), by)


def _pictures(count: int, folder: Path) -> Iterator[tuple[Path, list[Shape]]]:
    scene = Conveyor()
    for number in range(count):
        picture, shapes = scene.frame(number * _STRIDE)
        file = folder / f"belt-{number + 1:03}.jpg"
        cv2.imwrite(str(file), cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 90])
        yield file, shapes


def _create(shape: Shape, label: str) -> dict[str, Any]:
    geometry = {"type": "box", "x": shape.x, "y": shape.y, "w": shape.w, "h": shape.h}
    return {"op": "create", "id": str(uuid.uuid4()), "label": label, "geometry": geometry}


def _video(path: Path) -> Path:
    """An H.264 MP4 of the belt with a key frame every second, so that stepping through it is quick."""
    scene = Conveyor()
    with av.open(str(path), "w", options={"movflags": "+faststart"}) as container:
        stream = container.add_stream("libx264", rate=FPS, options={"preset": "veryfast", "crf": "21", "g": str(FPS)})
        stream.width, stream.height, stream.pix_fmt = scene.width, scene.height, "yuv420p"
        for n in range(VIDEO_SECONDS * FPS):
            frame = av.VideoFrame.from_ndarray(scene.frame(_VIDEO_START + n)[0], format="rgb24")
            frame.pts, frame.time_base = n, Fraction(1, FPS)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def _pipeline(project: Project, by: User) -> Pipeline:
    """Wanted from the start: it streams the belt, and takes the model as soon as there is one."""
    source = Source.objects.create(
        project=project,
        name="Synthetic conveyor",
        kind=SourceKind.SYNTHETIC,
        config={"seed": 11, "fps": FPS},
        created_by=by,
    )
    return Pipeline.objects.create(
        project=project,
        name="Conveyor, live",
        source=source,
        follow_model=True,
        wanted=True,
        overlay={"mode": "synced", "confidence": 0.4},
        created_by=by,
    )


def _write_privately(demo: Demo) -> None:
    demo.file.unlink(missing_ok=True)
    demo.file.touch(mode=0o600)
    demo.file.write_text("".join(f"{email} {password}\n" for _, email, password in demo.people))
