"""A picture that somebody sends to have it looked at: decoded under the library's limits and not kept."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from numpy.typing import NDArray

from projects import pictures, sniff
from projects.problems import Problem
from projects.sandbox import sandbox

_SECONDS = 30


def read_upload(upload: UploadedFile[Any]) -> NDArray[np.uint8]:
    """The upright RGB pixels of a picture, shape (h, w, 3).

    Raises:
        Problem: it is no picture, damaged, or too large; with how to mend it.
    """
    with _on_disk(upload) as source, tempfile.TemporaryDirectory(prefix="predict-") as folder:
        with source.open("rb") as file:
            head = file.read(sniff.HEAD_BYTES)
        form = sniff.detect(head)
        if form is None or form.kind != "image":
            what = sniff.describe(head) if form is None else f"a {form.name} video"
            raise Problem(415, "unsupported-type", f"A model looks at one picture, and this is {what}.")
        request = {
            "kind": "image",
            "path": str(source.resolve()),
            "decoder": form.decoder,
            "folder": str(Path(folder).resolve()),
            "max_pixels": settings.MAX_IMAGE_PIXELS,
        }
        try:
            found = sandbox.inspect(request, cpu_seconds=_SECONDS, wall_seconds=2.0 * _SECONDS)
        except pictures.Refused as refused:
            raise Problem(422, refused.code, refused.detail) from refused
        return pictures.read(Path(folder) / found["upright"] if found["upright"] else source)


@contextmanager
def _on_disk(upload: UploadedFile[Any]) -> Iterator[Path]:
    if hasattr(upload, "temporary_file_path"):
        yield Path(upload.temporary_file_path())
        return
    with tempfile.NamedTemporaryFile(prefix="predict-", dir=settings.FILE_UPLOAD_TEMP_DIR) as copy:
        for chunk in upload.chunks():
            copy.write(chunk)
        copy.flush()
        yield Path(copy.name)
