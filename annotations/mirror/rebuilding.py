"""The library and the labels made anew from the storage alone, as far as its copy goes.

What the database has already stays as it is, unless the copy is ahead of it: then the journal goes on from there. Two
histories of one item that differ are told and left alone. People come back without passwords: an administrator, or the
owner of the team, lets them in again.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import orjson
from django.core.files.storage import default_storage
from django.db import connection, transaction

from annotations import history, statements
from annotations.decisions import Entry
from annotations.mirror import ROOT
from annotations.models import Annotation, ItemMirror, JournalTx, MaskBlob
from annotations.protocol import Rejected
from projects.files import local_path
from projects.intake import IntakeError, store_file
from projects.models import Asset, Item, Label, Membership, Project, Team, User
from projects.models.project import name_key

_CHUNK = 1000


@dataclass
class Found:
    """What was found in the storage and made: `made["items"]`, ...; and what could not be, in sentences."""

    made: Counter[str] = field(default_factory=Counter)
    kept: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)


class _Unreadable(Exception):
    """A part of the copy that makes no sense; the text says which and why."""


def rebuild(say: Callable[[str], None] = lambda text: None) -> Found:
    """Make what the copy in the storage has and the database has not."""
    found = Found()
    for name in _folders(ROOT):
        folder = f"{ROOT}/{name}"
        try:
            document = _read(f"{folder}/project.json")
            with transaction.atomic():
                project, people = _project(document, found)
        except (_Unreadable, KeyError, TypeError, ValueError) as error:
            found.problems.append(f"{folder}: {error}")
            continue
        say(f"{project.name}:")
        _items(folder, project, people, found)
        say(f"  {found.made['items']} items, {found.made['shapes']} shapes so far")
    return found


def _folders(root: str) -> list[str]:
    return sorted(default_storage.listdir(root)[0]) if default_storage.exists(root) else []


def _read(name: str) -> dict[str, Any]:
    try:
        with default_storage.open(name) as file:
            document: dict[str, Any] = orjson.loads(file.read())
    except (OSError, ValueError) as error:
        raise _Unreadable(f"{name.rpartition('/')[2]} cannot be read ({error})") from error
    if document.get("frameloop_mirror") != 1:
        raise _Unreadable(f"{name.rpartition('/')[2]} was written by another version of Frameloop")
    return document


def _project(document: dict[str, Any], found: Found) -> tuple[Project, dict[str, User]]:
    """The project, and everybody who had a hand in it by the id that they had."""
    team, new = Team.objects.get_or_create(pk=document["team"]["id"], defaults={"name": document["team"]["name"]})
    _count(found, "teams", new)
    people = {each["id"]: _person(each, team, found) for each in document["people"]}
    fields = {name: document[name] for name in ("name", "task", "description")}
    project, new = Project.objects.get_or_create(pk=document["id"], defaults={**fields, "team": team})
    _count(found, "projects", new)
    for each in document["labels"]:
        _label(project, each, found)
    for each in document["labels"]:
        if each["merged_into_id"]:
            Label.every.filter(pk=each["id"], merged_into=None).update(merged_into=each["merged_into_id"])
    return project, people


def _person(each: dict[str, Any], team: Team, found: Found) -> User:
    """By the id that they had, else by their address; without a password when they are made anew."""
    person = User.objects.filter(pk=each["id"]).first() or User.objects.filter(email__iexact=each["email"]).first()
    _count(found, "people", person is None)
    if person is None:
        person = User(pk=each["id"], email=each["email"], name=each["name"])
        person.set_unusable_password()
        person.save(force_insert=True)
    if each["role"]:
        Membership.objects.get_or_create(team=team, user=person, defaults={"role": each["role"]})
    return person


def _label(project: Project, each: dict[str, Any], found: Found) -> None:
    if Label.every.filter(pk=each["id"]).exists():
        return _count(found, "labels", new=False)
    names = {name_key(name) for name in Label.objects.filter(project=project).values_list("name", flat=True)}
    fields = {name: value for name, value in each.items() if name not in {"id", "merged_into_id"}}
    if each["retired_at"] is None and name_key(each["name"]) in names:
        fields["name"] = f"{each['name'][:100]} ({each['id'][-8:]})"
    Label.every.create(pk=each["id"], project=project, **fields)
    _count(found, "labels", new=True)


def _count(found: Found, what: str, new: bool) -> None:
    (found.made if new else found.kept)[what] += 1


def _items(folder: str, project: Project, people: dict[str, User], found: Found) -> None:
    documents = []
    for name in _folders(folder):
        if not default_storage.listdir(f"{folder}/{name}")[1]:
            continue  # what a deleted item left
        try:
            documents.append(_read(f"{folder}/{name}/item.json"))
        except _Unreadable as error:
            found.problems.append(f"{folder}/{name}: {error}")
    documents.sort(key=lambda document: document.get("replica_of_id") is not None)  # originals before blind copies
    for document in documents:
        where = f"{folder}/{document['id']}"
        try:
            with transaction.atomic():
                _item(where, document, project, people, found)
        except (_Unreadable, IntakeError, Rejected, KeyError, TypeError, ValueError, OSError) as error:
            found.problems.append(f"{document.get('path', where)} ({where}): {error}")


def _item(where: str, document: dict[str, Any], project: Project, people: dict[str, User], found: Found) -> None:
    item = Item.every.select_for_update().filter(pk=document["id"]).first()
    if item is None:
        item = _new_item(document, project, people, _asset(document["asset"], project.team, found))
    elif item.rev >= document["journal"]:
        return _count(found, "items", new=False)
    _journal(where, item, people)
    _fold(item, document, people, found)
    _count(found, "items", new=True)
    ItemMirror.objects.get_or_create(item=item, defaults={"folder": where, "rev": item.rev, "segments": 1})


def _asset(kept: dict[str, Any], team: Team, found: Found) -> Asset:
    known = Asset.objects.filter(team=team, sha256=kept["sha256"]).first()
    if known is not None:
        return known
    if not default_storage.exists(kept["file"]):
        raise _Unreadable(f"its file {kept['file']} is not in the storage")
    source = local_path(Asset(file=kept["file"]).file)
    with source.open("rb") as file:
        if hashlib.file_digest(file, "sha256").hexdigest() != kept["sha256"]:
            raise _Unreadable(f"its file {kept['file']} is not what it was")
    asset, new = store_file(team, source, kept["original_name"], None, most=2**63, staged=kept["sha256"])
    _count(found, "assets", new)
    return asset


def _new_item(document: dict[str, Any], project: Project, people: dict[str, User], asset: Asset) -> Item:
    fields = {name: document[name] for name in ("path", "split", "ground_truth", "created_at")}
    person = people.get(document["replica_for_id"] or "")
    if document["replica_of_id"] and (person is None or not Item.every.filter(pk=document["replica_of_id"]).exists()):
        raise _Unreadable("it is a blind copy whose original or person is not there")
    return Item.every.create(
        pk=document["id"],
        project=project,
        asset=asset,
        replica_of_id=document["replica_of_id"],
        replica_for=person,
        **fields,
    )


def _journal(where: str, item: Item, people: dict[str, User]) -> None:
    """The transactions that the database has not, gapless; those that it has must be the same."""
    known = dict(JournalTx.objects.filter(item=item).values_list("rev", "tx_id"))
    rows: list[JournalTx] = []
    expected = item.rev + 1
    for tx in _lines(where, item, people):
        if known.get(tx["rev"], tx["tx_id"]) != tx["tx_id"]:
            raise _Unreadable(f"the database has another history from revision {tx['rev']} on: it was left as it is")
        if tx["rev"] < expected:
            continue  # there, or in two segments
        if tx["rev"] > expected:
            raise _Unreadable(f"revision {expected} is missing in the copy")
        rows.append(JournalTx(item=item, **tx))
        expected += 1
    JournalTx.objects.bulk_create(rows, batch_size=_CHUNK)
    item.rev = expected - 1


def _lines(where: str, item: Item, people: dict[str, User]) -> Iterator[dict[str, Any]]:
    """The transactions of a copy in order; its masks are stored on the way."""
    names = sorted(name for name in default_storage.listdir(where)[1] if name.endswith(".jsonl.gz"))
    for name in names:
        with default_storage.open(f"{where}/{name}") as file:
            try:
                lines = gzip.decompress(file.read()).splitlines()
            except (OSError, EOFError) as error:
                raise _Unreadable(f"{name} is damaged ({error})") from error
        for line in lines:
            each = orjson.loads(line)
            if "blob" in each:
                MaskBlob.objects.get_or_create(item=item, digest=each["blob"], defaults={"counts": each["counts"]})
                continue
            actor = people.get(each.pop("actor_id") or "")
            yield {**each, "payload_hash": base64.b64decode(each["payload_hash"]), "actor": actor}


def _fold(item: Item, document: dict[str, Any], people: dict[str, User], found: Found) -> None:
    """The shapes are what the journal says."""
    shapes = history.at(item.pk, item.rev)
    records = [statements.shape_record(str(item.pk), Entry(_present(shape, people), {})) for shape in shapes.values()]
    change = {"id": str(item.pk), "rev": item.rev, "state": document["state"], "added": 0, "detections": 0}
    with connection.cursor() as cursor:
        for start in range(0, max(len(records), 1), _CHUNK):
            part = records[start : start + _CHUNK]
            cursor.execute(statements.WRITE, [statements.records([change]), "[]", statements.records(part)])
    counted = Annotation.objects.filter(item=item, deleted=False)
    numbers = [number for number in counted.values_list("detection_id", flat=True) if number]
    Item.every.filter(pk=item.pk).update(
        annotation_count=counted.exclude(source="model").count(),
        detections=max([*numbers, document["detections"]]),
    )
    found.made["shapes"] += counted.count()


def _present(shape: dict[str, Any], people: dict[str, User]) -> dict[str, Any]:
    """With people whom this database knows."""
    ids = {str(person.pk) for person in people.values()}
    return shape | {name: shape[name] if shape.get(name) in ids else None for name in ("author", "updated_by")}
