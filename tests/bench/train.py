"""What our job costs against bare ultralytics on the same pictures with the same settings.

    python -m tests.bench.train [--pictures 120] [--epochs 24] [--imgsz 256] [--rounds 1] [--dry]

Ours is everything from the claim to the stored model: dataset export, child, heartbeat, events in
Postgres, validation, ONNX with its parity check. Theirs is one process that trains, validates and exports.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
import uuid
from pathlib import Path
from typing import Any

from tests.bench.report import write_section
from tests.bench.server import databases

BARE = """
import json, sys
from ultralytics import YOLO
settings = json.loads(sys.argv[1])
model = YOLO(settings.pop("model"))
result = model.train(**settings)
model.export(format="onnx", imgsz=settings["imgsz"], opset=17, simplify=False, dynamic=False)
print("MAP50", result.box.map50)
"""


def fill(pictures: int) -> tuple[Any, Any]:
    """A project of labelled conveyor pictures, and its owner."""
    import cv2
    from django.core.files.base import ContentFile

    from annotations.models import Annotation
    from projects.conveyor import LABELS, Conveyor
    from projects.intake import intake
    from projects.models import Label, Project, User

    user = User.objects.create_user("bench@example.org", uuid.uuid4().hex, name="Bench")
    project = Project.objects.create(team=user.teams.get(), name="Belt", task="detect", created_by=user)
    labels = {name: Label.objects.create(project=project, name=name, ordinal=n) for n, name in enumerate(LABELS)}
    scene = Conveyor()
    for number in range(pictures):
        picture, shapes = scene.frame(number * 37)
        data = cv2.imencode(".jpg", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))[1].tobytes()
        item = intake(project, ContentFile(data, "p.jpg"), f"{number:04}.jpg", user)
        Annotation.objects.bulk_create(
            Annotation(
                id=uuid.uuid4(),
                item=item,
                label=labels[shape.label],
                geometry={"type": "box", "x": shape.x, "y": shape.y, "w": shape.w, "h": shape.h},
                created_rev=1,
                updated_rev=1,
            )
            for shape in shapes
        )
    return project, user


def ours(project: Any, user: Any, params: dict[str, Any]) -> dict[str, Any]:
    """Wall seconds, mAP50 and peak memory of a job, run by the runner as a worker does."""
    from projects.models.job import Status
    from training import jobs, runner

    job = jobs.start_training(project, user, {"model": "tiny", **params})
    began = time.monotonic()
    runner.run(job.pk)
    wall = time.monotonic() - began
    job.refresh_from_db()
    if job.status != Status.SUCCEEDED:
        raise SystemExit(f"The job {job.status}: {job.error}")
    return {"wall": wall, "map50": job.metrics["map50"], "version": job.params["version"], "events": job.last_seq}


def bare(version_id: str, params: dict[str, Any], folder: Path) -> dict[str, Any]:
    """The same by the library alone, in a process of its own, quiet so that no network time is counted."""
    from training import silence
    from training.datasets.export import export
    from training.engines import yolo
    from training.models import Version

    data = export(Version.objects.get(pk=version_id), folder / "set").data
    recipe = {**yolo._RECIPE, "workers": 0, "device": "cpu", "model": str(yolo._TINY), "data": str(data)}
    recipe |= {name: params[name] for name in ("epochs", "imgsz", "batch", "seed")}
    recipe |= {
        "nbs": params["batch"],
        "lr0": params["lr"],
        "patience": params["epochs"],
        "project": str(folder),
        "name": "run",
    }
    silence.furnish(folder / "home")
    environment = silence.environment(folder / "home")
    del environment["OMP_WAIT_POLICY"]  # ours, and a part of what is compared
    began = time.monotonic()
    with (folder / "said.txt").open("w+") as said:
        command = [sys.executable, "-c", BARE, json.dumps(recipe)]
        process = subprocess.Popen(command, env=environment, stdout=said, stderr=said, cwd=folder)
        _, status, usage = os.wait4(process.pid, 0)  # this child's own peak, not the highest of all
        wall = time.monotonic() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        text = said.read()
    if process.returncode:
        raise SystemExit(text[-2000:])
    score = float(text.rsplit("MAP50", 1)[1].split()[0])
    return {"wall": wall, "map50": score, "peak": usage.ru_maxrss}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pictures", type=int, default=120)
    parser.add_argument("--epochs", type=int, default=24)
    parser.add_argument("--imgsz", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--dry", action="store_true", help="print, and leave docs/benchmarks.md alone")
    chosen = parser.parse_args()
    params = {"epochs": chosen.epochs, "imgsz": chosen.imgsz, "batch": 8, "lr": 0.003, "seed": 0}
    pairs = []
    with databases() as data:
        project, user = fill(chosen.pictures)
        for n in range(chosen.rounds):  # in turn, so that a noisy machine is noisy for both
            mine = ours(project, user, params)
            peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
            folder = data / f"bare-{n}"
            folder.mkdir()
            pairs.append((mine | {"peak": peak}, bare(mine["version"], params, folder)))
    text = report(pairs, chosen)
    print(text)
    if not chosen.dry:
        write_section("train", text)


def report(pairs: list[tuple[dict[str, Any], dict[str, Any]]], chosen: argparse.Namespace) -> str:
    ratios = sorted(mine["wall"] / theirs["wall"] for mine, theirs in pairs)
    rows = [
        f"| {mine['wall']:.1f} | {theirs['wall']:.1f} | {mine['wall'] / theirs['wall']:.2f} "
        f"| {mine['map50']:.3f} / {theirs['map50']:.3f} | {mine['peak'] / 1024:.0f} / {theirs['peak'] / 1024:.0f} |"
        for mine, theirs in pairs
    ]
    return "\n".join(
        [
            "## Training against bare ultralytics",
            "",
            f"{chosen.pictures} pictures of the conveyor, the tiny detector, {chosen.epochs} epochs at {chosen.imgsz} "
            f"px, CPU, {len(os.sched_getaffinity(0))} cores. Ours runs from the claim to the stored model.",
            "",
            "| ours, s | bare, s | ratio | mAP50 ours / bare | peak MB ours / bare |",
            "|---|---|---|---|---|",
            *rows,
            "",
            f"Median ratio {ratios[len(ratios) // 2]:.2f}; the gate is 1.10.",
        ]
    )


if __name__ == "__main__":
    main()
