"""The job that imports a file: reads it once, stages what can be taken, and writes it as was wished for."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from typing import Any

from django.db import DatabaseError, IntegrityError, transaction

from annotations.bulk import BulkError, Staging, Written
from annotations.formats.base import Format, FormatError, Report, chosen
from annotations.formats.records import Dataset
from annotations.formats.registry import candidates, detect, formats
from annotations.imports import files, undo
from annotations.imports.labels import Labels
from annotations.imports.library import Library
from annotations.imports.pictures import Pictures
from annotations.imports.reading import Reading
from annotations.imports.wishes import BEST_EFFORT, DRY_RUN, Wishes, client_of
from projects import access, jobs, live
from projects.access import Act
from projects.archives import Archive, ArchiveError, open_archive
from projects.jobs import JobError
from projects.models import Job
from projects.uploads import store

_ITEMS_AT_ONCE = 50


def work(held: jobs.Held) -> Mapping[str, Any] | None:
    """Carry out a job of the kind "import"."""
    if "undo" in held.job.params:
        return undo.work(held)
    _Import(held).run()
    return None


class _Import:
    def __init__(self, held: jobs.Held) -> None:
        self.held, self.job = held, held.job
        self.wishes = Wishes.of(self.job.params)
        self.report = Report()
        self.begun = time.monotonic()
        self.found: list[dict[str, Any]] = []
        self.format: Format | None = None
        self.created: list[dict[str, Any]] = []
        self.fresh = 0

    def run(self) -> None:
        interrupted = ""
        try:
            self._run()
        except FormatError as error:
            raise self._failed(error.code, error.detail, error.file, error.where) from error
        except ArchiveError as error:
            raise self._failed(error.code, error.detail, error.entry) from error
        except BulkError as error:
            raise JobError(error.code, error.detail) from error
        except jobs.Interrupted as interruption:
            interrupted = interruption.reason
            raise
        finally:
            if interrupted != "gone":  # whoever has the job now needs them
                with suppress(DatabaseError):
                    files.drop_assets(self.job.pk)

    def _run(self) -> None:
        with ExitStack() as opened:
            path = files.path_of(self.job, self.wishes.source)
            archive = opened.enter_context(open_archive(path, self.wishes.name))
            self.format = self._format_of(archive)
            options = chosen(self.format, self.wishes.options)
            library = Library(archive, self.job.project_id)
            dataset = self.format.read(library, options, self.report)
            staging = None
            if self.wishes.mode != DRY_RUN:
                by = self.job.created_by
                staging = Staging(self.job.project_id, client_of(self.job.pk), by.pk if by else None)
                opened.enter_context(staging)
            self._read(archive, dataset, staging)
            self._end(staging)

    def _format_of(self, archive: Archive) -> Format:
        if self.wishes.format != "auto":
            found = formats().get(self.wishes.format)
            if found is None:
                raise FormatError("format", f"There is no format {self.wishes.format[:40]!r}.")
            return found
        ranked = [(sure, each) for sure, each in candidates(archive) if getattr(each, "reads", True)]
        self.found = [{"name": each.name, "title": each.title, "sure": round(sure, 2)} for sure, each in ranked]
        format_ = detect(archive)
        if format_ is None:
            fits = ", ".join(each["title"] for each in self.found)
            what = f"It may be {fits}" if fits else "None of the known formats fits"
            raise FormatError("format-unclear", f"Which format this is, is not clear. {what}: say which.")
        return format_

    def _read(self, archive: Archive, dataset: Dataset, staging: Staging | None) -> None:
        assert self.format is not None
        own = self.format.abilities.own
        self.labels = Labels(self.job.project, self.wishes.labels, self.report, keep_all=own)
        self.labels.declare(dataset.labels)
        self.pictures = Pictures(self.job, self.wishes, archive, client_of(self.job.pk), self.report)
        self.reading = Reading(self.held, self.pictures, self.labels, self.report, staging, own)
        self.reading.run(dataset.pictures)
        self._look_back()

    def _look_back(self) -> None:
        approved = self.pictures.figures.approved
        if approved:
            text = f"{approved} of the items are approved; what they get now nobody has reviewed."
            self.report.note("approved", text)
        for name in self.wishes.labels.keys() - self.labels.matches.keys():
            self.report.note("label-absent", f"No class of the file is called {name[:60]!r}: the choice had no effect.")
        for name in self.pictures.unnamed():
            text = "No label speaks of this picture, so it was left out: upload it if you want it."
            self.report.note("picture-unnamed", text, name)

    # Endings

    def _end(self, staging: Staging | None) -> None:
        self.held.step(0.7, 1, "write")
        if staging is None:
            with transaction.atomic():
                self.held.finish(self._result())
        elif self.wishes.mode == BEST_EFFORT:
            self._write_what_can_be(staging)
        else:
            self._write_all(staging)

    def _write_all(self, staging: Staging) -> None:
        if self.report.refused:
            n = self.report.refused
            text = f"{n} {'thing was' if n == 1 else 'things were'} refused, so nothing was imported: see the report."
            raise self._failed("refused", f"{text} Mend the file, or import what can be taken.")
        for target in self.pictures.targets():
            staging.finish_item(target)
        self.fresh = sum(target.fresh for target in staging.targets.values())
        try:
            staging.write(job=self.job.pk, before=self._before, finish=self._finish, check=self.held.check)
        except IntegrityError as error:
            raise self._changed_meanwhile() from error

    def _before(self) -> None:
        _require_manager(self.job)
        self.created = self.labels.write()

    def _finish(self, written: Written) -> None:
        self.pictures.figures.conflicts += len(written.left)
        self.reading.taken.left_later = len(written.left)
        self._announce()
        self.held.finish(self._result())
        self._spend()

    def _changed_meanwhile(self) -> JobError:
        return JobError(
            "changed-meanwhile",
            "Somebody added one of these items or labels meanwhile; nothing was imported. Try again.",
        )

    def _write_what_can_be(self, staging: Staging) -> None:
        try:
            with transaction.atomic():
                self._before()
        except IntegrityError as error:
            raise self._changed_meanwhile() from error
        for target in self.pictures.targets():
            staging.finish_item(target)
        names = sorted(staging.targets)
        for start in range(0, len(names), _ITEMS_AT_ONCE):
            self._write_some(staging, names[start : start + _ITEMS_AT_ONCE])
            self.held.step(0.7 + 0.3 * start / len(names), 1, "write")
        with transaction.atomic():
            self._announce()
            self.held.finish(self._result())
            self._spend()

    def _write_some(self, staging: Staging, names: list[str]) -> None:
        """Some items in one transaction; if one of them cannot be, each by itself."""
        try:
            written = staging.write(names, job=self.job.pk)
        except (BulkError, IntegrityError) as error:
            if len(names) == 1:
                path = staging.targets[names[0]].path
                self.report.refuse("not-written", f"It could not be written: {str(error).splitlines()[0]}", path)
            else:
                for name in names:
                    self._write_some(staging, [name])
            return
        self.fresh += sum(staging.targets[name].fresh for name in names)
        self.reading.taken.left_later += len(written.left)

    def _announce(self) -> None:
        if self.fresh:
            message = {"type": "item", "change": "added", "item": None, "by": self.job.created_by_id}
            live.publish_on_commit(live.project_room(self.job.project_id), message)

    def _spend(self) -> None:
        if "upload" in self.wishes.source:
            store.spend(self.wishes.source["upload"])

    def _failed(self, code: str, detail: str, file: str = "", where: str = "") -> JobError:
        """The error that the job ends with; what was found out so far stays with it as its result."""
        result = {**self._result(), "error": {"code": code, "detail": detail, "file": file, "where": where}}
        self.held.job.report("log", {"text": detail}, result=result)
        place = ", ".join(part for part in (file, where) if part and part not in detail)
        return JobError(code, f"{detail} ({place})" if place else detail)

    def _result(self) -> dict[str, Any]:
        result: dict[str, Any] = {
            "format": self.format.name if self.format else None,
            "title": self.format.title if self.format else "",
            "mode": self.wishes.mode,
            "candidates": self.found,
            "report": self.report.as_json(),
            "seconds": round(time.monotonic() - self.begun, 3),
        }
        if hasattr(self, "reading"):
            figures = self.pictures.figures
            result |= {
                "labels": self.labels.as_json(),
                "labels_added": self.created,
                "pictures": figures.as_json(),
                "shapes": self.reading.taken.as_json(),
                "conflicts": {"items": figures.conflicts, "chosen": self.wishes.conflicts},
            }
        return result


def _require_manager(job: Job) -> None:
    """Whoever asked for the import may have lost the right to it while it ran."""
    user = job.created_by
    if user is None or access.project_rank(user, job.project_id) < Act.IMPORT:
        raise JobError("forbidden", "Whoever asked for this import may not import into this project (any more).")
