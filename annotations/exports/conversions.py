"""The job that writes somebody's archive in another format, without touching the project."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django.core.files import File
from django.db import transaction

from annotations.exports import media
from annotations.exports.exporting import deliver, format_called, shown, stepping
from annotations.exports.filters import FRAMES
from annotations.exports.snapshot import nothing
from annotations.exports.sources import Content, Entry
from annotations.exports.writing import Order
from annotations.formats.base import Files, Format, FormatError, Report, chosen
from annotations.formats.records import Dataset
from annotations.formats.registry import candidates, detect, formats
from annotations.imports import files
from projects import jobs
from projects.archives import Archive, ArchiveError, open_archive
from projects.ids import uuid7
from projects.models import Job, Project, User
from projects.uploads import store

KIND = "convert"
TASK = "annotations.tasks.run_convert_job"


def start(project: Project, params: Mapping[str, Any], file: File[Any] | None, by: User) -> Job:
    """Queue a conversion of `file`, or of the upload that `params` name.

    Args:
        params: `{format, to, options, read_options, media, upload?}`; `format` may be "auto".

    Raises:
        FormatError: no such format or option.
        Http404, PermissionDenied, TusError: by the upload.
    """
    target = format_called(str(params["to"]))
    options = chosen(target, params.get("options") or {})
    if params["format"] != "auto":
        chosen(_readable(str(params["format"])), params.get("read_options") or {})
    pk = uuid7()
    if file is None:
        store.open_complete(params["upload"], by)
    else:
        files.keep(pk, file)
    source = {"kept": str(pk)} if file is not None else {"upload": str(params["upload"])}
    name = file.name if file is not None and file.name else "the upload"
    kept = {**params, "options": options, "source": source, "name": name}
    with transaction.atomic():
        return jobs.start(project, KIND, f"Convert {name} to {target.title}", kept, by, id=pk)


def _readable(name: str) -> Format:
    found = formats().get(name)
    if found is None or not getattr(found, "reads", True):
        raise FormatError("format", f"{name[:40]!r} is no format that can be read.")
    return found


def work(held: jobs.Held) -> None:
    """Carry out a job of the kind "convert"."""
    params = held.job.params
    report = Report()
    try:
        path = files.path_of(held.job, params["source"])
        with open_archive(path, params["name"]) as archive:
            form = _format_of(archive, params["format"])
            target = format_called(params["to"])
            order = Order(
                target,
                params["options"],
                lambda: _content(archive, form, chosen(form, params.get("read_options") or {}), report, target),
                nothing,
                bool(params.get("media")),
                FRAMES[0],
                stepping(held),
            )
            deliver(held, order, report, {"from": form.name})
    except (ArchiveError, FormatError) as error:
        raise jobs.JobError(error.code, error.detail) from None


def _format_of(archive: Files, name: str) -> Format:
    if name != "auto":
        return _readable(name)
    found = detect(archive)
    if found is None:
        likely = ", ".join(form.title for _, form in candidates(archive)) or "none of those that are known"
        raise jobs.JobError("format-unclear", f"What format this is in is not clear ({likely}): choose one.")
    return found


def _content(archive: Archive, form: Format, options: Mapping[str, Any], report: Report, target: Format) -> Content:
    dataset = form.read(archive, options, report)
    labels = [label for label in dataset.labels if target.abilities.own or not label.retired]
    return Content(labels, _entries(dataset), media.of_files(archive), name=dataset.name, done=lambda: archive.done)


def _entries(dataset: Dataset) -> Iterator[Entry]:
    for picture in dataset:
        yield Entry(picture, picture.media)


jobs.register(KIND, TASK, shown=shown)
