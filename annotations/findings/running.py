"""The job that looks through a project, and the one that mends what one rule found.

A mend looks again: only what is still wrong is touched, by transactions whose `client_id` is "mend.<job's id in hex>",
so that it can be taken back as a whole.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from django.core.files.storage import default_storage
from django.db.models import Count, QuerySet

from annotations import journal
from annotations.checks import MAX_OPS_TRUSTED
from annotations.findings import rules
from annotations.findings.rules import BY_CODE, Finding
from annotations.models import Annotation, JournalTx, Source
from annotations.protocol import Rejected, Tx
from projects import jobs, looks
from projects.models import Item, Job, Label, Project, User
from projects.models.item import Split, State

KIND = "check"
TASK = "annotations.tasks.run_check_job"
jobs.register(KIND, TASK)

_BATCH = 100
_MOST_EXAMPLES = 100
_RARE = 20
_FINISHED = (State.IN_REVIEW, State.APPROVED)


class FindingError(ValueError):
    """What was asked for makes no sense; the text says why."""


def start(project: Project, by: User) -> Job:
    """Queue a look through the whole project."""
    return jobs.start(project, KIND, f"Check {project.name}", {}, by)


def start_mend(project: Project, code: str, by: User) -> Job:
    """Queue the mending of everything that a rule finds now.

    Raises:
        FindingError: there is no such rule, or none that can be mended without asking.
    """
    rule = BY_CODE.get(code)
    if rule is None or not rule.mend:
        known = ", ".join(each.code for each in rules.RULES if each.mend)
        raise FindingError(f"{code[:40]!r} cannot be mended by a button: {known} can.")
    return jobs.start(project, KIND, f"{rule.title}: {rule.mend[0].lower()}{rule.mend[1:]}", {"mend": code}, by)


def start_undo(job: Job, by: User) -> Job:
    """Queue the taking back of a mend.

    Raises:
        FindingError: it was no mend, or was taken back already.
    """
    if job.kind != KIND or "mend" not in job.params:
        raise FindingError("Only a mend can be taken back.")
    if Job.objects.filter(project=job.project, kind=KIND, params__undo=str(job.pk)).exists():
        raise FindingError("This mend is taken back already.")
    return jobs.start(job.project, KIND, f"Undo: {job.title}", {"undo": str(job.pk)}, by)


def work(held: jobs.Held) -> dict[str, Any]:
    params = held.job.params
    if "mend" in params:
        return _mend(held, params["mend"])
    return _undo(held) if "undo" in params else _look(held)


def _look(held: jobs.Held) -> dict[str, Any]:
    project = held.job.project
    counts: Counter[str] = Counter()
    mendable: Counter[str] = Counter()
    examples: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)

    def put(finding: Finding) -> None:
        counts[finding.code] += 1
        mendable[finding.code] += bool(finding.ops)
        if len(examples[finding.code]) < _MOST_EXAMPLES:
            place = {"item": finding.item, "path": finding.path, "shapes": finding.shapes}
            examples[finding.code].append({**place, "text": finding.text})

    for finding in _of_items(held, project):
        put(finding)
    for finding in _of_project(project):
        put(finding)
    found = [
        {
            "code": rule.code,
            "count": counts[rule.code],
            "mendable": mendable[rule.code],
            "examples": examples[rule.code],
        }
        for rule in rules.RULES
        if counts[rule.code]
    ]
    return {"findings": found, "items": _items(project).count()}


def _items(project: Project) -> QuerySet[Item]:
    rows: QuerySet[Item] = Item.objects.filter(project=project).select_related("asset").order_by("pk")
    return rows


def _of_items(held: jobs.Held, project: Project) -> Iterator[Finding]:
    total, done = _items(project).count(), 0
    for batch in _batches(project):
        drawn = _drawn(batch)
        for item in batch:
            for finding in _of_item(item, drawn[item.pk]):
                finding.item, finding.path = str(item.pk), item.path
                yield finding
        done += len(batch)
        held.step(done, total, "look", items=done)


def _batches(project: Project) -> Iterator[list[Item]]:
    """By id, so that nothing is held open while people work on."""
    last = None
    while batch := list((_items(project).filter(pk__gt=last) if last else _items(project))[:_BATCH]):
        yield batch
        last = batch[-1].pk


def _drawn(items: list[Item]) -> defaultdict[Any, list[dict[str, Any]]]:
    rows = Annotation.objects.filter(item__in=items, deleted=False).exclude(source=Source.MODEL)
    found: defaultdict[Any, list[dict[str, Any]]] = defaultdict(list)
    for row in rows.values("id", "item_id", "label_id", "geometry", "frame", "keyframes", "created_rev"):
        found[row["item_id"]].append({**row, "id": str(row["id"]), "label": str(row["label_id"])})
    return found


def _of_item(item: Item, drawn: list[dict[str, Any]]) -> Iterator[Finding]:
    yield from rules.of_item(drawn, item.asset.width, item.asset.height)
    if not default_storage.exists(item.asset.file.name):
        yield Finding("missing-file", f"{item.asset.file.name} is not in the storage.")
    if not drawn and item.state in _FINISHED:
        yield Finding("unlabelled", f"It is {State(item.state).label.lower()}, and nothing is drawn.")


def _of_project(project: Project) -> Iterator[Finding]:
    drawn = Annotation.objects.filter(item__project=project, item__replica_of=None, deleted=False)
    rows = drawn.exclude(source=Source.MODEL).values_list("label").annotate(n=Count("pk"))
    uses: Counter[Any] = Counter(dict(rows.order_by()))
    most = max(uses.values(), default=0)
    for label in Label.objects.filter(project=project):
        if not uses[label.pk]:
            yield Finding("no-examples", f"{label.name} has none.")
        elif uses[label.pk] * _RARE < most:
            yield Finding("imbalance", f"{label.name} has {uses[label.pk]}, the most frequent label {most}.")
    yield from _leaks(project)


def _leaks(project: Project) -> Iterator[Finding]:
    """The same content, or what looks the same, fixed to both sides of the split."""
    sides = (Split.TRAIN, Split.VAL, Split.TEST)
    rows = Item.objects.filter(project=project, split__in=sides).select_related("asset").order_by("created_at", "pk")
    items = list(rows.only("path", "split", "asset__kind", "asset__phash"))
    # Pictures without contrast all have the hash 0 and are no copies of each other.
    hashed = [item for item in items if item.asset.phash]
    leaders = looks.clusters([looks.unsigned(item.asset.phash) for item in hashed])
    alike = {item.pk: hashed[leader].pk for item, leader in zip(hashed, leaders, strict=True)}
    seen: dict[Any, Item] = {}
    for item in items:
        first = seen.setdefault(alike.get(item.pk, item.asset_id), item)
        if first.split != item.split:
            code = "leak-video" if item.asset.kind == "video" else "leak-copy"
            side, other = (Split(each.split).label.lower() for each in (item, first))
            yield Finding(code, f"It is in {side}, and {first.path} in {other}.", item=str(item.pk), path=item.path)


def _mend(held: jobs.Held, code: str) -> dict[str, Any]:
    project, total, done, mended = held.job.project, _items(held.job.project).count(), 0, 0
    refused: list[str] = []
    for batch in _batches(project):
        drawn = _drawn(batch)
        for item in batch:
            found = rules.of_item(drawn[item.pk], item.asset.width, item.asset.height)
            ops = [op for finding in found if finding.code == code for op in finding.ops]
            mended += _apply(held.job, item, ops, refused)
        done += len(batch)
        held.step(done, total, "mend", shapes=mended)
    return {"mended": mended, "refused": refused[:_MOST_EXAMPLES]}


def _apply(job: Job, item: Item, ops: list[dict[str, Any]], refused: list[str]) -> int:
    done = 0
    for start_ in range(0, len(ops), MAX_OPS_TRUSTED):
        part = ops[start_ : start_ + MAX_OPS_TRUSTED]
        tx = Tx(client_of(job), f"{item.rev}.{start_}", item.rev, part)
        try:
            journal.commit(item.pk, tx, job.created_by, source="history")
        except Rejected as refusal:
            refused.append(f"{item.path}: {refusal}")
            continue
        done += len(part)
    return done


def client_of(job: Job) -> str:
    return f"mend.{job.pk.hex}"


def _undo(held: jobs.Held) -> dict[str, Any]:
    before = Job.objects.get(pk=held.job.params["undo"])
    rows = list(JournalTx.objects.filter(client_id=client_of(before), undo_of="").order_by("-pk"))
    for n, row in enumerate(rows):
        tx = Tx(client_of(before), f"undo.{row.tx_id}", row.rev, [], row.tx_id)
        with suppress(Rejected):  # somebody has changed it since: their work stays
            journal.commit(row.item_id, tx, before.created_by, source="history")
        held.step(n + 1, len(rows), "undo", transactions=n + 1)
    return {"undone": str(before.pk), "transactions": len(rows)}
