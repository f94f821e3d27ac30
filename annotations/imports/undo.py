"""An import taken back as a whole, as far as nobody went on with what it brought."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

from django.db import transaction
from django.utils import timezone

from annotations import journal
from annotations.imports.wishes import client_of
from annotations.models import Annotation, ImportedItem, JournalTx
from annotations.protocol import Rejected, Tx
from projects import jobs, live
from projects.models import Item, Job, Label, User
from projects.models.job import Status

_log = logging.getLogger(__name__)
_TXS_AT_ONCE = 20


class UndoError(ValueError):
    """There is nothing to take back; the text says why."""


@transaction.atomic
def start(job: Job, by: User) -> Job:
    """Queue the taking back of an import.

    Raises:
        UndoError: it wrote nothing, or is being taken back already.
    """
    job = Job.objects.select_for_update(no_key=True).get(pk=job.pk)
    wrote = job.params.get("mode") != "dry-run" and "undo" not in job.params
    if job.kind != "import" or not wrote or not job.ended:
        raise UndoError("Only an import that has ended, and was no preview, can be taken back.")
    others = Job.objects.filter(project=job.project_id, kind="import", params__undo=str(job.pk))
    if others.exclude(status__in=(Status.FAILED, Status.CANCELLED)).exists():
        raise UndoError("This import is taken back already.")
    return jobs.start(job.project, "import", f"Undo: {job.title}"[:200], {"undo": str(job.pk)}, by)


def work(held: jobs.Held) -> dict[str, Any]:
    """Take back each transaction, remove the items that it added and nobody worked on, and labels nobody uses."""
    before = Job.objects.select_related("created_by").get(pk=held.job.params["undo"])
    client = client_of(before.pk)
    rows = list(
        JournalTx.objects.filter(client_id=client, undo_of="").order_by("-pk").values_list("item", "tx_id", "rev")
    )
    taken_back = 0
    for n, part in enumerate(_parts(rows)):
        taken_back += _take_back(part, client, before.created_by)
        held.step(0.9 * min(1.0, (n + 1) * _TXS_AT_ONCE / len(rows)), 1, "undo", transactions=taken_back)
    items, kept = _remove_items(held, before, client)
    labels = _remove_labels(before)
    return {"undone": str(before.pk), "transactions": taken_back, "items": items, "items_kept": kept, "labels": labels}


def _parts(rows: list[Any]) -> Iterator[list[Any]]:
    for start_ in range(0, len(rows), _TXS_AT_ONCE):
        yield rows[start_ : start_ + _TXS_AT_ONCE]


def _take_back(rows: list[Any], client: str, actor: User | None) -> int:
    """Some transactions in one of the database; gives how many had something left to take back."""
    works = [
        journal.prepare(item, Tx(client, f"undo.{tx_id}", rev, [], tx_id), actor.pk if actor else None, "history")
        for item, tx_id, rev in rows
    ]
    answers = journal.commit_all(works)
    for answer in answers:
        if isinstance(answer, Rejected):
            _log.info("what an import did stays: %s", answer)
    return sum(not isinstance(answer, Rejected) for answer in answers)


def _remove_items(held: jobs.Held, before: Job, client: str) -> tuple[int, int]:
    """(removed, kept): an item that somebody else's transaction is in stays."""
    removed = kept = 0
    for item in Item.every.filter(imported__job=before).order_by("pk").iterator(chunk_size=500):
        held.check()
        with transaction.atomic():
            locked = Item.every.select_for_update().filter(pk=item.pk).first()
            if locked is None:
                continue
            if (
                JournalTx.objects.filter(item=locked).exclude(client_id=client).exists()
                or Item.every.filter(replica_of=locked).exists()
            ):
                kept += 1
                continue
            locked.delete()
            removed += 1
    if removed:
        message = {"type": "item", "change": "deleted", "item": None, "by": before.created_by_id}
        live.publish_on_commit(live.project_room(before.project_id), message)
    ImportedItem.objects.filter(job=before).delete()
    return removed, kept


def _remove_labels(before: Job) -> int:
    """Labels that the import added and nothing uses: those with deleted shapes are only taken out of the schema."""
    added = [label["id"] for label in (before.result or {}).get("labels_added", [])]
    gone = 0
    for label in Label.objects.filter(pk__in=added):
        if not Annotation.objects.filter(label=label, deleted=False).exists():
            # Shapes that can be restored keep it, so it is retired, not erased.
            Label.objects.filter(pk=label.pk).update(retired_at=timezone.now())
            live.publish_on_commit(live.project_room(label.project_id), {"type": "labels"})
            gone += 1
    return gone
