"""Files to import, and shorthands for jobs that do."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import cv2
import numpy as np
from django.core.files.uploadedfile import SimpleUploadedFile

from annotations.imports import running, starting
from annotations.imports.wishes import Wishes
from projects import jobs
from projects.models import Item, Job


def picture(width: int = 64, height: int = 48, seed: int = 0, kind: str = ".png") -> bytes:
    noise = np.random.default_rng(seed).integers(0, 255, (height, width, 3), np.uint8)
    return cv2.imencode(kind, noise)[1].tobytes()


def coco(images: dict[str, tuple[int, int]], boxes: list[tuple[str, str, list[float]]], **more: Any) -> dict[str, Any]:
    """Images by name to (width, height), and boxes as (image, class, [x, y, w, h])."""
    classes = list(dict.fromkeys(name for _, name, _ in boxes))
    numbers = {name: n for n, name in enumerate(images, start=1)}
    return {
        "images": [{"id": numbers[n], "file_name": n, "width": w, "height": h} for n, (w, h) in images.items()],
        "categories": [{"id": 10 * n, "name": name} for n, name in enumerate(classes, start=1)],
        "annotations": [
            {"id": n, "image_id": numbers[image], "category_id": 10 * (classes.index(name) + 1), "bbox": box}
            for n, (image, name, box) in enumerate(boxes)
        ],
        **more,
    }


def packed(*entries: tuple[str, Any]) -> bytes:
    """A zip; what is neither bytes nor text is written as JSON."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries:
            archive.writestr(name, content if isinstance(content, bytes | str) else json.dumps(content))
    return data.getvalue()


def native(labels: list[dict[str, Any]], *pictures: dict[str, Any]) -> bytes:
    """A file of Frameloop's own format."""
    lines = [{"frameloop": 1, "name": "test", "labels": labels}, *pictures]
    return "\n".join(json.dumps(line) for line in lines).encode()


def ask(project, by, content: Any, name: str = "labels.zip", **wishes: Any) -> Job:
    """A queued import."""
    if not isinstance(content, bytes):
        content, name = json.dumps(content).encode(), "labels.json"
    return starting.start(project, Wishes(source={}, **wishes), by, SimpleUploadedFile(name, content))


def carried(job: Job) -> Job:
    jobs.carry(job.pk, running.work)
    job.refresh_from_db()
    return job


def bring(project, by, content: Any, name: str = "labels.zip", **wishes: Any) -> Job:
    """An import that has ended."""
    return carried(ask(project, by, content, name, **wishes))


def state_of(project) -> Any:
    """All that an import may change."""
    from annotations.models import Annotation, JournalTx, MaskBlob
    from projects.models import Asset, Label

    return {
        "items": list(
            Item.every.filter(project=project).order_by("pk").values("pk", "rev", "annotation_count", "split")
        ),
        "labels": list(Label.every.filter(project=project).order_by("pk").values()),
        "shapes": list(Annotation.objects.filter(item__project=project).order_by("pk").values()),
        "journal": JournalTx.objects.filter(item__project=project).count(),
        "blobs": MaskBlob.objects.filter(item__project=project).count(),
        "assets": sorted(Asset.objects.filter(team=project.team).values_list("pk", flat=True)),
    }
