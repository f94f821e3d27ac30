"""Asking for an import: the file is put where the job's worker finds it, the wishes are checked, the job is queued."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django.core.files import File

from annotations.formats.base import FormatError, chosen
from annotations.formats.registry import formats
from annotations.imports import files
from annotations.imports.wishes import DRY_RUN, Wishes
from projects import jobs
from projects.ids import uuid7
from projects.intake import clean_name
from projects.models import Job, Label, Project, Upload, User
from projects.uploads import store

KIND = "import"
TASK = "annotations.tasks.run_import_job"
jobs.register(KIND, TASK)


class WishError(ValueError):
    """Something that was wished for cannot be; `pointer` says which field."""

    def __init__(self, pointer: str, detail: str) -> None:
        super().__init__(detail)
        self.pointer, self.detail = pointer, detail


def start(project: Project, wishes: Wishes, by: User, file: File[Any] | None = None) -> Job:
    """Queue an import of a file that came along, or of the one that `wishes.source` names.

    Raises:
        WishError: a field makes no sense. Http404, PermissionDenied, TusError: by the upload.
    """
    _check_format(wishes)
    _check_labels(project, wishes.labels)
    key = uuid7()
    if file is not None:
        files.keep(key, file)
        wishes = replace(wishes, source={"kept": str(key)}, name=clean_name(file.name or "file"))
    else:
        wishes = _named(project, wishes, by)
    title = f"{'Preview' if wishes.mode == DRY_RUN else 'Import'} {wishes.name}"
    try:
        return jobs.start(project, KIND, title, wishes.as_params(), by, id=key)
    except BaseException:
        shutil.rmtree(files.folder_of(key), ignore_errors=True)
        raise


def _named(project: Project, wishes: Wishes, by: User) -> Wishes:
    if "upload" in wishes.source:
        store.open_complete(wishes.source["upload"], by)
        upload = Upload.objects.get(pk=wishes.source["upload"])
        if upload.project_id != project.pk:
            raise WishError("/upload", "This upload was sent to another project: send it to this one.")
        return replace(wishes, name=upload.name)
    before = Job.objects.filter(pk=wishes.source["again"], project=project, kind=KIND).first()
    if before is None or "source" not in before.params:
        raise WishError("/again", "There was no import of this id in this project: send the file.")
    source = before.params["source"]
    if "upload" in source:
        store.open_complete(source["upload"], by)
    elif files.kept(source["kept"]) is None:
        raise WishError("/again", "Its file was kept for a day, which is over: send it again.")
    return replace(wishes, source=source, name=before.params["name"])


def _check_format(wishes: Wishes) -> None:
    if wishes.format == "auto":
        return
    found = formats().get(wishes.format)
    if found is None or not getattr(found, "reads", True):
        known = ", ".join(name for name, each in formats().items() if getattr(each, "reads", True))
        raise WishError("/format", f"{wishes.format[:40]!r} is none of auto, {known}.")
    try:
        chosen(found, wishes.options)
    except FormatError as error:
        raise WishError("/options", error.detail) from None


def _check_labels(project: Project, labels: Mapping[str, Any]) -> None:
    known = {str(pk) for pk in Label.objects.filter(project=project).values_list("pk", flat=True)}
    for name, choice in labels.items():
        if (
            not isinstance(choice, dict)
            or len(choice) != 1
            or not choice.keys() <= {"label", "alias", "create", "ignore"}
        ):
            raise WishError(
                "/labels",
                f"{name[:60]!r} may be {{label: id}}, {{create: name}}, {{alias: id}}, {{ignore: true}}",
            )
        wanted = choice.get("label", choice.get("alias"))
        if wanted is not None and str(wanted) not in known:
            raise WishError(
                "/labels", f"{name[:60]!r} is to become {str(wanted)[:40]!r}, which is no label of the project."
            )
