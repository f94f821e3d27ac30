"""A label merges into another, or goes with its shapes, while people label: jobs that can be taken back.

The label is retired first. From then on the journal writes the label that took its place into whatever arrives
with the old one, so that work done offline is not lost; then each item's shapes follow by transactions of their
own, which open editors see like any edit. Each carries the `client_id` "labels.<job's id in hex>", by which what a
job did can be found and taken back.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterator
from typing import Any

from django.db import transaction
from django.utils import timezone

from annotations import journal
from annotations.checks import MAX_OPS_TRUSTED
from annotations.models import Annotation, JournalTx
from annotations.protocol import Rejected, Tx
from projects import jobs
from projects.models import Item, Job, Label, Project, User

_log = logging.getLogger(__name__)

KIND = "labels"
TASK = "annotations.tasks.run_label_job"
jobs.register(KIND, TASK)


class RelabelError(ValueError):
    """What was asked for makes no sense; the text says why."""


def start_merge(label: Label, into: Label, by: User) -> Job:
    """Queue the merging of a label into another of the same project.

    Raises:
        RelabelError: they are one, or of two projects, or one of them is deleted.
    """
    if label.pk == into.pk:
        raise RelabelError("A label cannot merge into itself: choose another.")
    if label.project_id != into.project_id:
        raise RelabelError(f"{into.name!r} is a label of another project: choose one of this project.")
    title = f"Merge {label.name} into {into.name}"
    return _start(label, title, by, {"label": str(label.pk), "into": str(into.pk)})


def start_removal(label: Label, by: User) -> Job:
    """Queue the deletion of a label with all its shapes, which can be restored with it."""
    return _start(label, f"Delete {label.name} with its shapes", by, {"label": str(label.pk), "into": None})


def start_restoring(label: Label, by: User) -> Job | None:
    """Bring a retired label back, with what its merging or deletion did to the shapes.

    Returns:
        The job that does it; None when the label had no shapes and is back already.
    """
    before = Job.objects.filter(project=label.project_id, kind=KIND, params__label=str(label.pk)).first()
    if before is None or before.params.get("undo"):
        label.restore()
        return None
    return _start(label, f"Bring {label.name} back", by, {"label": str(label.pk), "undo": str(before.pk)})


@transaction.atomic
def _start(label: Label, title: str, by: User, params: dict[str, Any]) -> Job:
    Project.objects.select_for_update().get(pk=label.project_id)  # one such change at a time decides
    present = Label.every.get(pk=label.pk)
    if (present.retired_at is None) is ("undo" in params):
        raise RelabelError(f"{label.name!r} is {'there' if present.retired_at is None else 'deleted'} already.")
    if "undo" not in params:
        _retire(present, params["into"])
    return jobs.start(label.project, KIND, title, params, by)


def _retire(label: Label, into_id: str | None) -> None:
    """At once, so that nothing more is drawn with it; those merged into it earlier go along."""
    label.retired_at = timezone.now()
    if into_id is not None:
        into = Label.objects.get(pk=into_id)
        label.merged_into = into
        Label.every.filter(merged_into=label).update(merged_into=into)
        into.aliases = list(dict.fromkeys([*into.aliases, label.name, *label.aliases]))
        into.save(update_fields=["aliases"])
    label.save(update_fields=["retired_at", "merged_into"])


def run(job_id: uuid.UUID | str) -> None:
    """Carry a queued job to its end; nothing happens when somebody else has it."""
    jobs.carry(job_id, _work)


def _work(held: jobs.Held) -> None:
    try:
        held.finish({"shapes": _take_back(held) if "undo" in held.job.params else _follow(held)})
    except jobs.Interrupted as interruption:
        if interruption.reason == "cancelled" and "undo" not in held.job.params:
            _take_back(held, of=held.job)
        raise


def _follow(held: jobs.Held) -> int:
    """Have every shape of the label follow; gives how many did."""
    job = held.job
    shapes = Annotation.objects.filter(label=job.params["label"], deleted=False)
    done = 0
    # What was on its way with the old label when it was retired may land behind a first look.
    while items := list(shapes.order_by("item").values_list("item", flat=True).distinct()):
        for n, item_id in enumerate(items):
            done += _follow_in(job, item_id)
            held.step(n + 1, len(items), shapes=done)
    return done


def _follow_in(job: Job, item_id: uuid.UUID) -> int:
    done = 0
    with transaction.atomic():
        rev = Item.every.select_for_update(no_key=True).values_list("rev", flat=True).get(pk=item_id)
        rows = Annotation.objects.filter(item=item_id, label=job.params["label"], deleted=False)
        for part in _parts([str(pk) for pk in rows.values_list("pk", flat=True)]):
            _commit(job, item_id, f"{rev}", rev, [_op(job, name) for name in part])
            rev += 1
            done += len(part)
    return done


def _op(job: Job, name: str) -> dict[str, Any]:
    into = job.params["into"]
    return {"op": "update", "id": name, "set": {"label": into}} if into else {"op": "delete", "id": name}


def _parts(names: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(names), MAX_OPS_TRUSTED):
        yield names[start : start + MAX_OPS_TRUSTED]


def _commit(job: Job, item_id: uuid.UUID, tx_id: str, rev: int, ops: list[dict[str, Any]], undo_of: str = "") -> None:
    tx = Tx(client_of(job), tx_id, rev, ops, undo_of)
    journal.commit(item_id, tx, job.created_by, source="history")


def client_of(job: Job) -> str:
    return f"labels.{job.pk.hex}"


def _take_back(held: jobs.Held, of: Job | None = None) -> int:
    """Bring the label back, and take back what a job did wherever nobody has changed it since; gives how many txs."""
    before = of or Job.objects.get(pk=held.job.params["undo"])
    Label.every.get(pk=before.params["label"]).restore()
    rows = list(JournalTx.objects.filter(client_id=client_of(before), undo_of="").order_by("-pk"))
    for n, row in enumerate(rows):
        try:
            tx = Tx(client_of(before), f"undo.{row.tx_id}", row.rev, [], row.tx_id)
            journal.commit(row.item_id, tx, before.created_by, source="history")
        except Rejected as refusal:
            _log.info("a change of labels stays: %s", refusal)
        if of is None:
            held.step(n + 1, len(rows), shapes=n + 1)
    return len(rows)
