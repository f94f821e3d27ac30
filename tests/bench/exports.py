"""python -m tests.bench.exports: a project of 100,000 boxes on 10,000 images as COCO, and one of ten times as many.

Each export runs in a fresh process, whose highest memory is taken. Beside it Datumaro reads the same labels and writes
them again, where it is installed (see `tests.bench.imports`):

    python -m tests.bench.exports --datumaro /some/where/bin/python
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from typing import Any

from tests.bench.imports import CLASSES, HEIGHT, MIB, WIDTH, Run, datumaro_once, project_with, told
from tests.bench.report import write_section
from tests.bench.server import databases
from tests.processes import ROOT

MOST_MIB = 500
_FILL = """
INSERT INTO annotations_annotation
  (id, item_id, label_id, geometry, attributes, source, z, geom_rev, track_rev, touched, deleted, created_rev,
   updated_rev, updated_at)
SELECT gen_random_uuid(), i.id, (%(labels)s::uuid[])[1 + n %% %(classes)s],
       jsonb_build_object('type', 'box', 'x', round((random() * %(w)s)::numeric, 2),
                          'y', round((random() * %(h)s)::numeric, 2),
                          'w', round((5 + random() * 190)::numeric, 2), 'h', round((5 + random() * 190)::numeric, 2)),
       '{}', 'human', 0, 1, 0, '{}', false, 1, 1, now()
FROM projects_item i CROSS JOIN generate_series(1, %(each)s) AS n WHERE i.project_id = %(project)s"""


def filled(images: int, each: int) -> Any:
    """A project with `each` boxes on each of its images."""
    from django.db import connection

    from projects.models import Item, Label

    project = project_with(images)
    labels = [str(Label.objects.create(project=project, name=name, ordinal=n).pk) for n, name in enumerate(CLASSES)]
    with connection.cursor() as cursor:
        values = {"labels": labels, "classes": len(labels), "each": each, "project": project.pk}
        cursor.execute(_FILL, {**values, "w": WIDTH - 200, "h": HEIGHT - 200})
        Item.objects.filter(project=project).update(annotation_count=each)
        cursor.execute("ANALYZE")
    return project


def export_once(project: Any) -> tuple[Run, str]:
    """One export in a process of its own, and its job's id."""
    from annotations.exports import exporting

    job = exporting.start(project, {"format": "coco", "media": False}, project.created_by)
    code = [sys.executable, "-m", "tests.bench.exports", "--carry", str(job.pk)]
    said = subprocess.run(code, cwd=ROOT, env=dict(os.environ), stdout=subprocess.PIPE, text=True, check=True).stdout
    answer = json.loads(said.splitlines()[-1])
    if answer["status"] != "succeeded":
        raise SystemExit(f"The export {answer['status']}: {answer['error']}")
    return Run(answer["seconds"], answer["peak"], answer["shapes"]), str(job.pk)


def carry(job_id: str) -> None:
    """In the process of its own: carry the job out and say what it cost."""
    import django

    django.setup()
    from annotations.exports import exporting
    from annotations.formats.registry import formats
    from projects import jobs
    from projects.models import Job

    formats()  # a worker that has done anything before has these modules
    begun = time.monotonic()
    jobs.carry(job_id, exporting.work)
    seconds = time.monotonic() - begun
    job = Job.objects.get(pk=job_id)
    shapes = ((job.result or {}).get("counts") or {}).get("shapes", 0)
    print(
        json.dumps(
            {"status": job.status, "error": job.error, "seconds": seconds, "peak": high_water(), "shapes": shapes}
        )
    )


def high_water() -> int:
    """Bytes that were resident at most; `ru_maxrss` would also count those of the process that started this one."""
    status = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM:"))


def labels_of(job_id: str, folder: Path) -> Path:
    """The file of labels out of an export's archive."""
    from annotations.models import Export

    with zipfile.ZipFile(Export.objects.get(job=job_id).file.path) as archive:
        return Path(archive.extract("annotations/instances_default.json", folder))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--datumaro", type=Path, help="The Python of an environment that has Datumaro.")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--images", type=int, default=10_000)
    parser.add_argument("--boxes", type=int, default=10, help="On each image.")
    parser.add_argument("--times", type=int, default=10, help="How much larger the large one is.")
    parser.add_argument("--dry", action="store_true", help="Print the section, and do not write it.")
    parser.add_argument("--carry", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.carry:
        carry(options.carry)
        return
    with databases() as data:
        text = measure(options, data)
    print(text)
    if not options.dry:
        write_section("exports", text)


def measure(options: argparse.Namespace, folder: Path) -> str:
    project = filled(options.images, options.boxes)
    ours: list[Run] = []
    theirs: list[Run] = []
    for _ in range(options.runs):  # in turn, so that what else the machine does befalls both
        run, job = export_once(project)
        ours.append(told("export", run))
        if options.datumaro:
            theirs.append(told("Datumaro", datumaro_once(options.datumaro, labels_of(job, folder), folder)))
    much = told("export, large", export_once(filled(options.images * options.times, options.boxes))[0])
    return table(options, ours, theirs, much)


def table(options: argparse.Namespace, ours: list[Run], theirs: list[Run], much: Run) -> str:
    mine = statistics.median(run.seconds for run in ours)
    peak = max(run.peak for run in ours)
    rows = [("export", ours), *([("Datumaro, read and written again", theirs)] if theirs else [])]
    lines = [
        "## Exports",
        "",
        f"{options.images:,} pictures as COCO, without their files. Each in a fresh process, in turn, medians of "
        f"{options.runs}. {os.cpu_count()} cores, Python {sys.version.split()[0]}, PostgreSQL on the same cores, load "
        f"average {os.getloadavg()[0]:.1f} at the end.",
        "",
        "| what | shapes | seconds (each run) | peak memory, MiB |",
        "|---|---|---|---|",
    ]
    for name, runs in [*rows, ("export, large", [much])]:
        seconds = ", ".join(f"{run.seconds:.1f}" for run in runs)
        middle = statistics.median(run.seconds for run in runs)
        most = max(run.peak for run in runs) / MIB
        lines.append(f"| {name} | {runs[0].shapes:,} | {middle:.1f} ({seconds}) | {most:.0f} |")
    lines.append("")
    if theirs:
        ratio = statistics.median(run.seconds for run in theirs) / mine
        lines.append(f"- Datumaro takes {ratio:.2f} x the time of an export (gate: at least 1).")
    lines.append(f"- Peak memory {peak / MIB:.0f} MiB (gate: {MOST_MIB}).")
    more = f"{much.seconds / mine:.1f} x the time and {much.peak / peak:.2f} x the memory"
    lines.append(f"- {options.times} x as many boxes take {more}.")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
