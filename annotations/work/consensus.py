"""Consensus: an item that several people label blind, how far they agree, and what most of them drew.

Each person gets a blind copy: an item of its own with the same asset and path, which nobody but them and
reviewers may know of. The merge is written into the original by the journal, and taken back by it.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import Any

from django.core.cache import cache
from django.db import transaction
from django.db.models import Count
from django.urls import reverse
from django.utils import timezone

from annotations import blobs, journal, queries
from annotations.models import Annotation, Consensus, JournalTx
from annotations.protocol import Tx
from annotations.work import agreement, merging
from annotations.work.agreement import Agreement
from projects import states
from projects.access import Act, project_rank
from projects.ids import uuid7
from projects.models import Item, Project, User
from projects.models.item import State
from projects.notices import notify

CLIENT = "consensus"
OPS_A_TX = 200
KEPT_S = 7 * 86_400
INLINE_BYTES = 32 * 1024
DONE = (State.IN_REVIEW, State.APPROVED)


class ConsensusError(Exception):
    """It cannot be done now; the sentence says why."""


@dataclass
class Report:
    """How far the people of one item agree; only of those who have submitted theirs."""

    consensus: Consensus
    copies: list[Item]
    pairs: dict[tuple[uuid.UUID, uuid.UUID], Agreement]

    @property
    def done(self) -> list[Item]:
        return [copy for copy in self.copies if copy.state in DONE]

    @property
    def waiting(self) -> list[Item]:
        return [copy for copy in self.copies if copy.state not in DONE]

    @cached_property
    def shapes(self) -> dict[uuid.UUID, list[dict[str, Any]]]:
        """What those who have submitted drew, by person."""
        return {copy.replica_for_id: shapes_of(copy) for copy in self.done}

    @property
    def whole(self) -> Agreement:
        return agreement.pooled(list(self.pairs.values()))


@transaction.atomic
def start(project: Project, items: Iterable[Item], people: list[User], k: int, by: User) -> list[Consensus]:
    """Give each item to `k` of the people, each a blind copy; those with the fewest copies come first.

    Raises:
        ConsensusError: fewer than two people, or fewer than `k`.
    """
    if not 2 <= k <= len(people):
        raise ConsensusError(f"Consensus needs from 2 to {len(people)} of the chosen people an item; {k} is not.")
    loads = dict.fromkeys((person.pk for person in people), 0) | _loads(project, people)
    started = []
    for item in items:
        one, _ = Consensus.objects.get_or_create(item=item, defaults={"created_by": by})
        taken = set(Item.every.filter(replica_of=item).values_list("replica_for", flat=True))
        free = sorted((person for person in people if person.pk not in taken), key=lambda person: loads[person.pk])
        for person in free[: max(0, k - len(taken))]:
            copy_item(item, person)
            loads[person.pk] += 1
        started.append(one)
    _tell(project, people, by)
    return started


def _loads(project: Project, people: Iterable[User]) -> dict[uuid.UUID, int]:
    rows = Item.every.filter(project=project, replica_for__in=list(people)).exclude(state__in=DONE)
    return dict(rows.order_by().values_list("replica_for").annotate(n=Count("pk")))


def copy_item(item: Item, person: User, ground_truth: bool = False) -> Item:
    """An empty blind copy of an item for one person."""
    return Item.every.create(
        project_id=item.project_id,
        asset_id=item.asset_id,
        path=item.path,
        replica_of=item,
        replica_for=person,
        ground_truth=ground_truth,
    )


def _tell(project: Project, people: Sequence[User], by: User) -> None:
    text = f"{by.name} asked you to label pictures of {project.name} that others label too, each by themselves."
    notify(people, project, "assigned", text, reverse("project-work", args=[project.pk]), by)


def shapes_of(item: Item) -> list[dict[str, Any]]:
    """What people drew on an item: suggestions of models that nobody accepted are left out."""
    return [shape for shape in queries.annotations_of(item) if shape["source"] != "model"]


def report(consensus: Consensus) -> Report:
    copies = list(
        Item.every.filter(replica_of=consensus.item_id, ground_truth=False)
        .select_related("replica_for")
        .order_by("replica_for__name", "pk")
    )
    found = Report(consensus, copies, {})
    # A revision never changes, so what was worked out for some holds for good.
    what = ",".join(f"{copy.pk.hex}.{copy.epoch.hex}.{copy.rev}" for copy in found.done)
    key = f"agreement:{hashlib.sha256(what.encode()).hexdigest()}"
    found.pairs = cache.get(key) or _pairs(found.shapes)
    cache.set(key, found.pairs, KEPT_S)
    return found


def _pairs(shapes: dict[uuid.UUID, list[dict[str, Any]]]) -> dict[tuple[uuid.UUID, uuid.UUID], Agreement]:
    return {(a, b): agreement.compare(shapes[a], shapes[b]) for a, b in combinations(shapes, 2)}


@transaction.atomic
def merge(consensus: Consensus, by: User) -> int:
    """Write what at least half of the people drew into the original, and put it up for review.

    Returns:
        How many shapes it has.

    Raises:
        ConsensusError: it is merged already, fewer than two have submitted, or they have nothing in common.
        Rejected: by the journal, such as for an item that is approved.
    """
    consensus = Consensus.objects.select_for_update().select_related("item").get(pk=consensus.pk)
    if consensus.merged_at is not None:
        raise ConsensusError("It is merged already: undo that first.")
    people = list(report(consensus).shapes.values())
    if len(people) < 2:
        raise ConsensusError("Fewer than two people have submitted their copy: wait for them.")
    found = merging.merged(people)
    if not found:
        raise ConsensusError("There is nothing that half of the people drew: look at the differences.")
    ops = [_create(shape, consensus.item, by) for shape in found]
    txs = [_commit(consensus.item_id, ops[n : n + OPS_A_TX], by) for n in range(0, len(ops), OPS_A_TX)]
    consensus.merged_by, consensus.merged_at, consensus.merge_txs = by, timezone.now(), txs
    consensus.save(update_fields=["merged_by", "merged_at", "merge_txs"])
    states.change(consensus.item_id, State.IN_REVIEW, by)
    return len(found)


def _create(shape: dict[str, Any], item: Item, by: User) -> dict[str, Any]:
    geometry = _stored(shape["geometry"], item, by)
    op = {"op": "create", "id": str(uuid7()), "label": shape["label"], "geometry": geometry}
    if shape["keyframes"]:
        op["keyframes"] = {
            number: keyframe | {"geometry": _stored(keyframe["geometry"], item, by)}
            if "geometry" in keyframe
            else keyframe
            for number, keyframe in shape["keyframes"].items()
        }
    if shape["frame"] is not None:
        op["frame"] = shape["frame"]
    return op | ({"attributes": shape["attributes"]} if shape["attributes"] else {})


def _stored(geometry: dict[str, Any], item: Item, by: User) -> dict[str, Any]:
    """The geometry; a mask that is too long for an op lies beside the journal of the original, too."""
    if len(geometry.get("counts", "")) <= INLINE_BYTES:
        return geometry
    return {"type": "mask", "size": geometry["size"], "blob": blobs.store(item, geometry["counts"], by).digest}


def _commit(item_id: uuid.UUID, ops: list[dict[str, Any]], by: User, undo_of: str = "") -> str:
    rev = Item.every.values_list("rev", flat=True).get(pk=item_id)
    tx = Tx(CLIENT, uuid.uuid4().hex, rev, ops, undo_of)
    journal.commit(item_id, tx, by)
    return tx.tx_id


@transaction.atomic
def unmerge(consensus: Consensus, by: User) -> None:
    """Take a merge back by the journal; what somebody has changed since stays as it is.

    Whoever merged undoes their transactions; a manager deletes what these have made.

    Raises:
        ConsensusError: it is not merged, or somebody else merged it and `by` does not manage the project.
        Rejected: by the journal.
    """
    rows = Consensus.objects.select_for_update(of=("self",)).select_related("merged_by", "item")
    consensus = rows.get(pk=consensus.pk)
    if consensus.merged_at is None:
        raise ConsensusError("Nothing of it is merged, so there is nothing to take back.")
    if not may_unmerge(consensus, by):
        name = consensus.merged_by.name if consensus.merged_by else "somebody who has left"
        raise ConsensusError(f"It was merged by {name}: they or a manager can take it back.")
    for tx_id in reversed(consensus.merge_txs):
        if consensus.merged_by_id == by.pk:
            _commit(consensus.item_id, [], by, undo_of=tx_id)
        elif ops := [{"op": "delete", "id": str(pk)} for pk in _untouched(consensus.item_id, tx_id)]:
            _commit(consensus.item_id, ops, by)
    consensus.merged_by = consensus.merged_at = None
    consensus.merge_txs = []
    consensus.save(update_fields=["merged_by", "merged_at", "merge_txs"])


def may_unmerge(consensus: Consensus, user: User) -> bool:
    """Whether `user` merged it, or manages the project."""
    return consensus.merged_by_id == user.pk or project_rank(user, consensus.item.project_id) >= Act.MANAGE_PEOPLE


def _untouched(item_id: uuid.UUID, tx_id: str) -> list[uuid.UUID]:
    """The living shapes that one transaction of a merge has made and nobody else has written to since."""
    tx = JournalTx.objects.get(item=item_id, client_id=CLIENT, tx_id=tx_id)
    made = Annotation.objects.filter(pk__in=[op["id"] for op in tx.ops if op["op"] == "create"], deleted=False)
    found = [(row.pk, {write[1] for write in row.touched.values()}) for row in made]
    return [pk for pk, writers in found if len(writers) == 1]


@transaction.atomic
def stop(consensus: Consensus) -> None:
    """End it and delete its blind copies with what was drawn on them; the original stays as it is."""
    Item.every.filter(replica_of=consensus.item_id, ground_truth=False).delete()
    consensus.delete()
