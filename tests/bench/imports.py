"""python -m tests.bench.imports: large COCO files into a project whose pictures are there already.

100,000 boxes on 10,000 images against Datumaro reading and re-writing the same file; ten times as many for memory and
time; 116,000 run-length masks on 458 images. While the largest one runs somebody edits an item of it, and the longest
wait is measured. Each import runs in a fresh process, whose highest memory is taken.

Datumaro lives in a virtual environment of its own, since it is no part of Frameloop:

    python -m venv /some/where && /some/where/bin/pip install datumaro
    python -m tests.bench.imports --datumaro /some/where/bin/python
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.bench.report import write_section
from tests.bench.server import databases
from tests.processes import ROOT

WIDTH, HEIGHT = 1280, 720
CLASSES = [f"class {n}" for n in range(20)]
MIB = 2**20
MOST_BOXES_MIB, MOST_MASKS_MIB = 500, 2048


@dataclass
class Run:
    """One import: seconds of wall clock, the process's highest resident memory in bytes, what it took."""

    seconds: float
    peak: int
    shapes: int
    waits: list[float] = field(default_factory=list)


# Files


def write_coco(path: Path, images: int, annotations: Iterator[dict[str, Any]]) -> None:
    """A COCO file, written one annotation at a time."""
    with path.open("w") as file:
        categories = [{"id": n, "name": name} for n, name in enumerate(CLASSES, start=1)]
        file.write('{"categories": ' + json.dumps(categories) + ', "images": [')
        for n in range(images):
            image = {"id": n + 1, "file_name": name_of(n), "width": WIDTH, "height": HEIGHT}
            file.write(("," if n else "") + json.dumps(image))
        file.write('], "annotations": [')
        for n, annotation in enumerate(annotations):
            file.write(("," if n else "") + json.dumps({"id": n + 1, "iscrowd": 0, **annotation}))
        file.write("]}")


def name_of(n: int) -> str:
    return f"{n:06}.jpg"


def boxes(images: int, each: int) -> Iterator[dict[str, Any]]:
    rng = random.Random(1)
    for image in range(images):
        for _ in range(each):
            x, y = round(rng.uniform(0, WIDTH - 200), 2), round(rng.uniform(0, HEIGHT - 200), 2)
            w, h = round(rng.uniform(5, 200), 2), round(rng.uniform(5, 200), 2)
            category = rng.randrange(len(CLASSES)) + 1
            yield {"image_id": image + 1, "category_id": category, "bbox": [x, y, w, h], "area": round(w * h, 2)}


def masks(images: int, count: int) -> Iterator[dict[str, Any]]:
    """Ellipses of some 60 pixels across, as compressed run lengths."""
    import numpy as np

    from annotations.formats import rle

    rng = np.random.default_rng(1)
    rows, columns = np.ogrid[:HEIGHT, :WIDTH]
    drawn = []
    for _ in range(300):
        x, y, a, b = rng.uniform(100, WIDTH - 100), rng.uniform(100, HEIGHT - 100), *rng.uniform(10, 60, 2)
        inside = ((columns - x) / a) ** 2 + ((rows - y) / b) ** 2 <= 1
        flat = inside.T.reshape(-1)
        edges = np.flatnonzero(np.diff(flat)) + 1
        runs = np.diff(np.concatenate(([0], edges, [flat.size])))
        box = [int(x - a), int(y - b), int(2 * a), int(2 * b)]
        drawn.append(({"size": [HEIGHT, WIDTH], "counts": rle.text(runs)}, box))
    for n in range(count):
        segmentation, box = drawn[n % len(drawn)]
        image, category = n * images // count, n % len(CLASSES)
        yield {"image_id": image + 1, "category_id": category + 1, "bbox": box, "segmentation": segmentation}


# Imports


def project_with(images: int) -> Any:
    """A project whose items are there, without files behind them: an import of labels opens none."""
    from projects.models import Asset, Item, Membership, Project, Role, Team, User

    user, _ = User.objects.get_or_create(email="bench@example.org", defaults={"name": "Bench"})
    team = Team.objects.create(name="Bench")
    Membership.objects.create(team=team, user=user, role=Role.OWNER)
    project = Project.objects.create(team=team, name="Bench", task="detect", created_by=user)
    for start in range(0, images, 5000):
        names = [name_of(n) for n in range(start, min(images, start + 5000))]
        assets = [
            Asset(team=team, kind="image", sha256=uuid.uuid4().hex * 2, size=1, content_type="image/jpeg",
                  original_name=name, width=WIDTH, height=HEIGHT, file=name)
            for name in names
        ]  # fmt: skip
        Asset.objects.bulk_create(assets)
        Item.objects.bulk_create(
            Item(project=project, asset=asset, path=name) for asset, name in zip(assets, names, strict=True)
        )
    return project


def import_once(file: Path, images: int, beside: Callable[[Any], Any] | None = None) -> Run:
    """One import of a file into a fresh project, in a process of its own."""
    from django.db import connection

    from annotations.imports import files, starting
    from annotations.imports.wishes import Wishes
    from projects import jobs
    from projects.ids import uuid7

    project, key = project_with(images), uuid7()
    folder = files.folder_of(key)
    folder.mkdir(parents=True)
    (folder / "file").hardlink_to(file)
    wishes = Wishes(source={"kept": str(key)}, name="bench.json", conflicts="merge")
    jobs.start(project, starting.KIND, "Bench", wishes.as_params(), project.created_by, id=key)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    waits: list[float] = []
    done = threading.Event()
    editor = threading.Thread(target=_edit, args=(beside(project), done, waits)) if beside else None
    if editor:
        editor.start()
    try:
        code = [sys.executable, "-m", "tests.bench.imports", "--carry", str(key)]
        said = subprocess.run(code, cwd=ROOT, env=dict(os.environ), capture_output=True, text=True, check=True).stdout
    finally:
        done.set()
        if editor:
            editor.join()
    answer = json.loads(said.splitlines()[-1])
    if answer["status"] != "succeeded":
        raise SystemExit(f"The import {answer['status']}: {answer['error']}")
    return Run(answer["seconds"], answer["peak"], answer["shapes"], waits)


def carry(job_id: str) -> None:
    """In the process of its own: carry the job out and say what it cost."""
    import django

    django.setup()
    from annotations.formats.registry import formats
    from annotations.imports import running
    from projects import jobs
    from projects.models import Job

    formats()  # a worker that has done anything before has these modules
    begun = time.monotonic()
    jobs.carry(job_id, running.work)
    seconds = time.monotonic() - begun
    job = Job.objects.get(pk=job_id)
    shapes = ((job.result or {}).get("shapes") or {}).get("taken", 0)
    said = {"status": job.status, "error": job.error, "seconds": seconds, "peak": high_water(), "shapes": shapes}
    print(json.dumps(said))


def high_water() -> int:
    """Bytes that were resident at most; `ru_maxrss` would also count those of the process that started this one."""
    status = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM:"))


def some_item(project: Any) -> tuple[Any, str]:
    from projects.models import Item

    item = Item.objects.filter(project=project).order_by("path")[5]
    return item, str(project.add_label("edited").pk)


def _edit(what: tuple[Any, str], done: threading.Event, waits: list[float]) -> None:
    """Somebody moves one box about, twenty times a second."""
    from django.db import connection

    from annotations import journal
    from annotations.protocol import Tx
    from annotations.queries import document_json

    item, label = what
    name = str(uuid.uuid4())
    op: dict[str, Any] = {"op": "create", "id": name, "label": label, "geometry": {"type": "tag"}}
    by = item.project.created_by
    while not done.wait(0.05):
        rev, _ = document_json(item.pk)
        begun = time.monotonic()
        journal.commit(item.pk, Tx("editor", uuid.uuid4().hex, rev, [op]), by)
        waits.append(time.monotonic() - begun)
        op = {"op": "update", "id": name, "set": {"z": len(waits) % 100}}
    connection.close()


# Datumaro

_DATUMARO = """
import sys, time, json, logging
logging.disable(logging.WARNING)
from datumaro.components.dataset import Dataset
begun = time.monotonic()
dataset = Dataset.import_from(sys.argv[1], "coco")
count = sum(len(item.annotations) for item in dataset)
dataset.export(sys.argv[2], "coco", save_media=False)
seconds = time.monotonic() - begun
peak = next(int(line.split()[1]) * 1024 for line in open("/proc/self/status") if line.startswith("VmHWM:"))
print(json.dumps({"seconds": seconds, "shapes": count, "peak": peak}))
"""


def datumaro_once(python: Path, file: Path, folder: Path) -> Run:
    """Datumaro reads the file and writes it again."""
    root = folder / f"datumaro-{uuid.uuid4().hex[:6]}"
    (root / "in" / "annotations").mkdir(parents=True)
    (root / "in" / "images").mkdir()  # it insists on one
    (root / "in" / "annotations" / "instances_default.json").hardlink_to(file)
    command = [str(python), "-c", _DATUMARO, str(root / "in"), str(root / "out")]
    answer = subprocess.run(command, capture_output=True, text=True)
    if answer.returncode:
        raise SystemExit(f"Datumaro failed: {answer.stderr[-2000:]}")
    said = json.loads(answer.stdout.splitlines()[-1])
    return Run(said["seconds"], said["peak"], said["shapes"])


# The report


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--datumaro", type=Path, help="The Python of an environment that has Datumaro.")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--images", type=int, default=10_000)
    parser.add_argument("--boxes", type=int, default=10, help="On each image.")
    parser.add_argument("--masks", type=int, default=116_000, help="On 458 images.")
    parser.add_argument("--times", type=int, default=10, help="How much larger the large one is.")
    parser.add_argument("--dry", action="store_true", help="Print the section, and do not write it.")
    parser.add_argument("--carry", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.carry:
        carry(options.carry)
        return
    if options.datumaro is None:
        print("No --datumaro: the comparison is left out. See the description for how to have it.", file=sys.stderr)
    with databases() as data, tempfile.TemporaryDirectory(prefix="bench-imports-", dir=data) as folder:
        text = measure(options, Path(folder))
    print(text)
    if not options.dry:
        write_section("imports", text)


def measure(options: argparse.Namespace, folder: Path) -> str:
    images, each = options.images, options.boxes
    small, large, outlines = (folder / f"{name}.json" for name in ("small", "large", "masks"))
    write_coco(small, images, boxes(images, each))
    ours: list[Run] = []
    theirs: list[Run] = []
    for _ in range(options.runs):  # in turn, so that what else the machine does befalls both
        ours.append(told("import", import_once(small, images)))
        if options.datumaro:
            theirs.append(told("Datumaro", datumaro_once(options.datumaro, small, folder)))
    write_coco(large, images * options.times, boxes(images * options.times, each))
    much = told("import, large", import_once(large, images * options.times, some_item))
    write_coco(outlines, 458, masks(458, options.masks))
    drawn = told("import, masks", import_once(outlines, 458))
    return table(options, ours, theirs, much, drawn)


def told(name: str, run: Run) -> Run:
    print(f"{name}: {run.shapes:,} shapes, {run.seconds:.1f} s, {run.peak / MIB:.0f} MiB", file=sys.stderr)
    return run


def table(options: argparse.Namespace, ours: list[Run], theirs: list[Run], much: Run, drawn: Run) -> str:
    mine = statistics.median(run.seconds for run in ours)
    rows = [("import", ours), *([("Datumaro, read and written again", theirs)] if theirs else [])]
    lines = [
        "## Imports",
        "",
        f"COCO files into a project whose {options.images:,} pictures are there, all or nothing. Each in a fresh "
        f"process, in turn, medians of {options.runs}. {os.cpu_count()} cores, Python {sys.version.split()[0]}, "
        f"PostgreSQL on the same cores, load average {os.getloadavg()[0]:.1f} at the end.",
        "",
        "| what | shapes | seconds (each run) | peak memory, MiB |",
        "|---|---|---|---|",
    ]
    for name, runs in [*rows, ("import, large", [much]), ("import, masks on 458 images", [drawn])]:
        seconds = ", ".join(f"{run.seconds:.1f}" for run in runs)
        middle = statistics.median(run.seconds for run in runs)
        lines.append(
            f"| {name} | {runs[0].shapes:,} | {middle:.1f} ({seconds}) | {max(run.peak for run in runs) / MIB:.0f} |"
        )
    lines += ["", *verdicts(options, ours, theirs, mine, much, drawn)]
    return "\n".join(lines)


def verdicts(
    options: argparse.Namespace, ours: list[Run], theirs: list[Run], mine: float, much: Run, drawn: Run
) -> Iterator[str]:
    if theirs:
        ratio = statistics.median(run.seconds for run in theirs) / mine
        yield f"- Datumaro takes {ratio:.2f} x the time of an import (gate: at least 1)."
    peak = max(run.peak for run in ours)
    yield f"- Peak memory {peak / MIB:.0f} MiB (gate: {MOST_BOXES_MIB})."
    yield (
        f"- {options.times} x as many boxes take {much.seconds / mine:.1f} x the time and {much.peak / peak:.2f} x the "
        "memory."
    )
    yield f"- {drawn.shapes:,} masks: {drawn.peak / MIB:.0f} MiB (gate: {MOST_MASKS_MIB})."
    if much.waits:
        waits = sorted(much.waits)
        yield (
            f"- Meanwhile somebody edited one of the items {len(waits):,} times: median wait "
            f"{1000 * statistics.median(waits):.0f} ms, longest {waits[-1]:.2f} s."
        )


if __name__ == "__main__":
    main()
