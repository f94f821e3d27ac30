"""A batch of transactions as one database transaction: which statements, and what they mean.

`steps` is a generator that yields lists of (SQL, parameters) and is sent their rows, so that the group
writer (async) and `journal.commit` (on Django's connection) run the very same code. It touches no connection.

Within the batch items are locked in id order, then everything is read that the decisions need, then one
statement writes all. A refused transaction changes nothing for its neighbours.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import orjson

from annotations import blob_names, statements, tracks
from annotations.decisions import Entry, Facts, Outcome, decide
from annotations.ops import Stamp
from annotations.protocol import Receipt, Rejected, Tx
from annotations.undoing import decide_undo
from projects.access import Act, Rank, rank_of
from projects.ids import uuid7

Queries = list[tuple[str, Sequence[Any]]]
Rows = list[list[Any]]
Key = tuple[str, str, str]  # item, client_id, tx_id
NO_ITEM = "This item does not exist (any more), or you may not see it: go back to the project's items."


@dataclass(slots=True)
class Work:
    """One transaction on its way: checked, and with the digest of its payload."""

    item_id: str
    tx: Tx
    actor_id: str | None
    source: str
    digest: str

    @property
    def key(self) -> Key:
        return self.item_id, self.tx.client_id, self.tx.tx_id


@dataclass(slots=True)
class Answers:
    """What became of each work, in order, and what to broadcast once the database has committed."""

    of: list[Receipt | Rejected | None]
    broadcasts: dict[str, list[tuple[int, bytes]]] = field(default_factory=dict)  # item -> [(rev, tx as JSON)]

    @property
    def locked_out(self) -> list[int]:
        """The works whose item somebody else holds; only with `wait=False`."""
        return [n for n, answer in enumerate(self.of) if answer is None]


class Collision(Exception):
    """A new shape's id was taken by another item meanwhile: the transaction has to run again."""


@dataclass(slots=True)
class _Item:
    """An item in its locked state; `rev` and the rest move on as works are applied."""

    rev: int
    state: str
    project: str
    width: int
    height: int
    frames: int | None
    detections: int
    blind_for: str | None = None
    truth: bool = False
    begun_by: str | None = None
    added: int = 0
    moved: bool = False


class _Batch:
    def __init__(self, works: list[Work]) -> None:
        self.works = works
        self.answers: list[Receipt | Rejected | None] = [None] * len(works)
        self.items: dict[str, _Item] = {}
        self.entries: dict[str, Entry] = {}
        self.owner: dict[str, str] = {}
        self.people: dict[tuple[str, str], tuple[str, Rank]] = {}
        self.labels: dict[str, set[str]] = {}
        self.replaced: dict[str, str] = {}
        self.blobs: set[tuple[str, str]] = set()  # large masks that are there, with their items
        self.first: dict[Key, tuple[str, str | None, Receipt]] = {}
        self.inverses: dict[Key, tuple[str | None, list[Any]]] = {}
        self.changed: dict[str, str] = {}
        self.journal: list[tuple[dict[str, Any], Receipt]] = []
        self.broadcasts: dict[str, list[tuple[int, bytes]]] = {}
        now = datetime.now(UTC)
        self.at = now.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        self.at_ms = int(now.timestamp() * 1000)

    # Reading

    def reads(self) -> Queries:
        open_works = [w for n, w in enumerate(self.works) if self.answers[n] is None and w.item_id in self.items]
        ids = {name for w in open_works for op in w.tx.ops for name in tracks.named(op)}
        labels = {
            op.get("label") or op.get("set", {}).get("label") for w in open_works for op in w.tx.ops if _names(op)
        }
        pairs = {(w.actor_id, self.items[w.item_id].project) for w in open_works if w.actor_id}
        parameters = [
            *_keys([w.key for w in open_works]),
            statements.array(ids),
            statements.records([{"person": a, "project": p} for a, p in pairs]),
            statements.array(label for label in labels if label),
        ]
        queries: Queries = [(statements.READ, parameters)]
        undone = [(w.item_id, w.tx.client_id, w.tx.undo_of) for w in open_works if w.tx.undo_of]
        if undone:
            queries.append((statements.INVERSES, _keys(undone)))
        return queries

    def take(self, rows: Rows) -> None:
        ((repeats, shapes, roles, labels),), *inverses = rows
        for item, client, tx, digest, rev, actor, overwritten, skipped in orjson.loads(repeats):
            self.first[item, client, tx] = digest, actor, Receipt(tx, rev, overwritten, skipped)
        self.take_shapes(shapes)
        for person, project, name, active, given in orjson.loads(roles):
            self.people[person, project] = name, rank_of(given, active)
        self.take_labels(labels)
        for item, client, tx, actor, inverse in inverses[0] if inverses else ():
            self.inverses[item, client, tx] = actor, orjson.loads(inverse)

    def take_labels(self, text: str) -> None:
        for label, project, successor in orjson.loads(text):
            self.labels.setdefault(project, set()).add(successor or label)
            if successor:
                self.replaced[label] = successor

    def take_shapes(self, text: str) -> None:
        for item, entry in statements.entries_of(text):
            self.entries[entry.shape["id"]] = entry
            self.owner[entry.shape["id"]] = item

    def unread(self) -> list[str]:
        """Shapes that only the inverses of undone transactions name."""
        named = {op["id"] for _, inverse in self.inverses.values() for op in inverse}
        return list(named - self.entries.keys())

    def unread_labels(self) -> set[str]:
        """Labels that come back by restoring shapes or taking transactions back: they may have gone since."""
        back = {op["id"] for work in self.works for op in work.tx.ops if op["op"] == "restore"}
        undone = [op for _, inverse in self.inverses.values() for op in inverse]
        back |= {op["id"] for op in undone if op["op"] == "restore"}
        named = {op["set"]["label"] for op in undone if op["op"] == "update" and "label" in op["set"]}
        named |= {self.entries[name].shape["label"] for name in back if name in self.entries}
        return named - set().union(*self.labels.values()) - self.replaced.keys()

    def named_blobs(self) -> list[dict[str, Any]]:
        pairs = {(w.item_id, digest) for w in self.works for digest in blob_names.named(w.tx.ops)}
        return [{"item": item, "digest": digest} for item, digest in pairs]

    # Deciding

    def decide_all(self) -> None:
        for n, work in enumerate(self.works):
            if self.answers[n] is None and work.item_id in self.items:
                try:
                    self.answers[n] = self._decide(work)
                except Rejected as refusal:
                    self.answers[n] = refusal

    def _decide(self, work: Work) -> Receipt:
        item = self.items[work.item_id]
        name = self._permit(work, item)
        known = self.first.get(work.key)
        if known is not None:
            if known[0] != work.digest or known[1] != work.actor_id:
                raise Rejected("ID_REUSED", f"tx_id {work.tx.tx_id} was used for another transaction: make a new one.")
            return known[2]
        outcome = self._apply(work, item)
        item.rev += 1
        item.detections = outcome.detections
        item.added += outcome.added
        item.moved = True
        if item.state == "to-do" and work.source == "human" and outcome.ops:
            item.state, item.begun_by = "in-progress", work.actor_id
        for shape_id, entry in outcome.changed.items():
            self.entries[shape_id] = entry
            self.owner[shape_id] = work.item_id
            self.changed[shape_id] = work.item_id
        receipt = Receipt(
            work.tx.tx_id, item.rev, self._named(outcome.overwritten, item), self._named(outcome.skipped, item)
        )
        self.first[work.key] = work.digest, work.actor_id, receipt
        self.inverses[work.key] = work.actor_id, outcome.inverse
        self._write_down(work, item, name, outcome, receipt)
        return receipt

    def _permit(self, work: Work, item: _Item) -> str:
        """The actor's name, if they may change the item as it is."""
        if work.actor_id is None:
            return ""
        name, rank = self.people.get((work.actor_id, item.project), ("", Rank.NONE))
        hidden = item.truth or item.blind_for not in (None, work.actor_id)
        if rank is Rank.NONE or (hidden and rank < Act.REVIEW):
            raise Rejected("NO_ITEM", NO_ITEM)
        if rank < Act.ANNOTATE:
            raise Rejected("FORBIDDEN", f"This needs the role annotator; yours is {rank.name.lower()}: ask a manager.")
        if item.state == "approved" and rank < Act.REVIEW:
            raise Rejected("ITEM_APPROVED", "The item is approved: a reviewer has to send it back first.")
        return name

    def _apply(self, work: Work, item: _Item) -> Outcome:
        stamp = Stamp(item.rev + 1, work.actor_id, self.at)
        human = work.source == "human"
        labels = self.labels.get(item.project, set())
        facts = Facts(stamp, self.at_ms, item.width, item.height, item.frames, labels, human, item.detections)
        facts.replaced = self.replaced
        if not work.tx.undo_of:
            blob_names.check(work.tx.ops, {digest for name, digest in self.blobs if name == work.item_id})
            return decide(self._own(work), _sourced(work), work.tx.base_rev, facts)
        actor, inverse = self.inverses.get((work.item_id, work.tx.client_id, work.tx.undo_of), (None, None))
        if inverse is None or actor != work.actor_id:
            raise Rejected("NOTHING_TO_UNDO", f"You made no transaction {work.tx.undo_of} here: one undoes one's own.")
        return decide_undo(self.entries, inverse, facts)

    def _own(self, work: Work) -> dict[str, Entry]:
        """The entries of the work's shapes; another item's shape is not there, and its id is not free."""
        own: dict[str, Entry] = {}
        for op in work.tx.ops:
            for name in tracks.named(op):
                entry = self.entries.get(name)
                if entry is None:
                    continue
                if self.owner[name] == work.item_id:
                    own[name] = entry
                elif op["op"] == "create" or name == op.get("new"):
                    raise Rejected("EXISTS", f"The id {name} is taken: make a new one.")
        return own

    def _named(self, entries: list[dict[str, Any]], item: _Item) -> list[dict[str, Any]]:
        """With {id, name} in the place of user ids; names that are not known yet are filled in by `steps`."""
        for entry in entries:
            by = entry["by"]
            entry["by"] = {"id": by, "name": self.people.get((by, item.project), ("", 0))[0]} if by else None
        return entries

    def nameless(self) -> list[dict[str, Any]]:
        receipts = [a for a in self.answers if isinstance(a, Receipt)]
        return [
            entry["by"]
            for receipt in receipts
            for entry in (*receipt.overwritten, *receipt.skipped)
            if entry["by"] and not entry["by"]["name"]
        ]

    def _write_down(self, work: Work, item: _Item, name: str, outcome: Outcome, receipt: Receipt) -> None:
        effective = orjson.dumps(outcome.ops)
        actor = {"id": work.actor_id, "name": name} if work.actor_id else None
        public = {
            "rev": item.rev,
            "tx_id": work.tx.tx_id,
            "client_id": work.tx.client_id,
            "actor": actor,
            "at": self.at,
            "ops": orjson.Fragment(effective),
        }
        self.broadcasts.setdefault(work.item_id, []).append((item.rev, orjson.dumps(public)))
        row = {
            "item": work.item_id,
            "rev": item.rev,
            "client": work.tx.client_id,
            "tx": work.tx.tx_id,
            "hash": work.digest,
            "actor": work.actor_id,
            "at": self.at,
            "ops": orjson.Fragment(effective),
            "inverse": outcome.inverse,
            "undo_of": work.tx.undo_of,
        }
        self.journal.append((row, receipt))

    # Writing

    def writes(self) -> Queries:
        items = [
            {"id": name, "rev": item.rev, "state": item.state, "added": item.added, "detections": item.detections}
            for name, item in self.items.items()
            if item.moved
        ]
        for row, receipt in self.journal:
            row |= {"overwritten": receipt.overwritten, "skipped": receipt.skipped}
        shapes = [statements.shape_record(item, self.entries[name]) for name, item in self.changed.items()]
        tables = items, [row for row, _ in self.journal], shapes
        queries: Queries = [(statements.WRITE, [statements.records(rows) for rows in tables])]
        begun = [
            {"id": uuid7(), "item": name, "actor": item.begun_by, "rev": item.rev}
            for name, item in self.items.items()
            if item.begun_by
        ]
        return [*queries, (statements.BEGIN_WORK, [statements.records(begun)])] if begun else queries


def _names(op: dict[str, Any]) -> bool:
    return "label" in op or (isinstance(op.get("set"), dict) and "label" in op["set"])


def _keys(keys: list[Key]) -> list[str]:
    return [statements.records([{"item": item, "client": client, "tx": tx} for item, client, tx in keys])]


def _sourced(work: Work) -> list[dict[str, Any]]:
    """What a model or an import creates is marked as theirs, unless it says otherwise."""
    if work.source == "human":
        return work.tx.ops
    return [{"source": work.source, **op} if op["op"] == "create" else op for op in work.tx.ops]


def _read(batch: _Batch) -> Generator[Queries, Rows, None]:
    """Everything that the decisions need; what is taken back names shapes and labels that are known only then."""
    batch.take((yield batch.reads()))
    unread = batch.unread()
    if unread:
        (shapes,) = yield [(statements.SHAPES, [statements.array(unread)])]
        batch.take_shapes(shapes[0][0])
    labels = batch.unread_labels()
    if labels:
        (found,) = yield [(statements.LABELS, [statements.array(labels)])]
        batch.take_labels(found[0][0])
    blobs = batch.named_blobs()
    if blobs:
        (found,) = yield [(statements.BLOBS, [statements.records(blobs)])]
        batch.blobs = {(item, digest) for item, digest in found}


def steps(works: list[Work], wait: bool = True) -> Generator[Queries, Rows, Answers]:
    """Run inside one database transaction; commit it before anybody is answered.

    Args:
        wait: whether to wait for items that others hold; otherwise their works stay unanswered (None).

    Raises:
        Collision: run it again. Whatever the database raises goes through.
    """
    batch = _Batch(works)
    ids = sorted({work.item_id for work in works})
    (rows,) = yield [(statements.LOCK if wait else statements.LOCK_FREE, [statements.array(ids)])]
    for name, rev, state, project, width, height, frames, kind, detections, blind_for, truth in rows:
        unindexed = 0 if kind == "video" else None
        frames = unindexed if frames is None else frames
        batch.items[name] = _Item(rev, state, project, width, height, frames, detections, blind_for, truth)
    if len(batch.items) < len(ids):
        (existing,) = yield [(statements.EXISTING, [statements.array(ids)])]
        there = {row[0] for row in existing}
        for n, work in enumerate(works):
            if work.item_id not in there:
                batch.answers[n] = Rejected("NO_ITEM", NO_ITEM)
    yield from _read(batch)
    batch.decide_all()
    nameless = batch.nameless()
    if nameless:
        (names,) = yield [(statements.NAMES, [statements.array(by["id"] for by in nameless)])]
        known = dict(names)
        for by in nameless:
            by["name"] = known.get(by["id"], "")
    if batch.journal:
        written, *_ = yield batch.writes()
        if len(written) != len(batch.changed):
            raise Collision
    return Answers(batch.answers, batch.broadcasts)
