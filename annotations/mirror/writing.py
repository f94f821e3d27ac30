"""Keeping the storage's copy of the journals up with the database."""

from __future__ import annotations

import base64
import gzip
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import orjson
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import IntegrityError
from django.db.models import F, Q
from django.utils import timezone

from annotations.mirror import ROOT
from annotations.models import ItemMirror, JournalTx, MaskBlob, MirrorGone
from projects.models import Item, Label, Project, User

_MOST_SEGMENTS = 32
_TX_FIELDS = ("rev", "client_id", "tx_id", "payload_hash", "actor_id", "at", "ops", "inverse", "overwritten", "skipped",
              "undo_of")  # fmt: skip
_ITEM_FIELDS = ("path", "state", "split", "rev", "detections", "ground_truth", "created_at", "replica_of_id",
                "replica_for_id")  # fmt: skip
_LABEL_FIELDS = ("name", "color", "ordinal", "attributes", "skeleton", "aliases", "merged_into_id", "retired_at")


def catch_up(seconds: float = 5.0) -> int:
    """Write what changed since the last time; gives how many items.

    Args:
        seconds: What is not done by then waits for the next time.
    """
    until, projects, done = time.monotonic() + seconds, set(), 0
    _forget_deleted()
    for item in _behind().iterator(chunk_size=200):
        if _mirror(item):
            done += 1
        projects.add(item.project_id)
        if time.monotonic() > until:
            break
    for project in Project.objects.filter(pk__in=projects).select_related("team"):
        put(f"{ROOT}/{project.pk}/project.json", _project(project))
    return done


def _behind() -> Any:
    late = Q(mirror=None) | Q(mirror__rev__lt=F("rev")) | Q(mirror__at__lt=F("updated_at"))
    return Item.every.filter(late).select_related("asset", "mirror").order_by("pk")


def _mirror(item: Item) -> bool:
    """Write the journal first and say so last: what is cut off in between is written once more."""
    known = ItemMirror.objects.filter(item=item).first()
    mirror = known or ItemMirror(item=item, folder=f"{ROOT}/{item.project_id}/{item.pk}")
    began = timezone.now()
    if mirror.segments >= _MOST_SEGMENTS:
        _join(mirror)
    txs = list(JournalTx.objects.filter(item=item, rev__gt=mirror.rev).order_by("rev").values(*_TX_FIELDS)[:2000])
    blobs = list(MaskBlob.objects.filter(item=item, pk__gt=mirror.blob).order_by("pk"))
    if txs or blobs:
        _write_segment(mirror, txs, blobs)
    put(f"{mirror.folder}/item.json", _item(item, mirror.rev))
    mirror.at = began
    try:
        mirror.save(force_insert=known is None)
    except IntegrityError:  # the item was deleted meanwhile
        MirrorGone.objects.get_or_create(folder=mirror.folder)
        return False
    return True


def _write_segment(mirror: ItemMirror, txs: list[dict[str, Any]], blobs: list[MaskBlob]) -> None:
    last = txs[-1]["rev"] if txs else mirror.rev
    lines = [orjson.dumps({"blob": blob.digest, "counts": blob.counts}) for blob in blobs]
    lines += [orjson.dumps({**tx, "payload_hash": base64.b64encode(tx["payload_hash"]).decode()}) for tx in txs]
    _put_lines(f"{mirror.folder}/{mirror.rev + 1:012d}-{last:012d}.jsonl.gz", lines)
    mirror.rev, mirror.segments = last, mirror.segments + 1
    if blobs:
        mirror.blob = blobs[-1].pk


def _join(mirror: ItemMirror) -> None:
    """One segment instead of many; the many go when the one is there."""
    names = [name for name in sorted(default_storage.listdir(mirror.folder)[1]) if name.endswith(".jsonl.gz")]
    lines: list[bytes] = []
    for name in names:
        with default_storage.open(f"{mirror.folder}/{name}") as file:
            lines += gzip.decompress(file.read()).splitlines()
    whole = f"{1:012d}-{mirror.rev:012d}.jsonl.gz"
    _put_lines(f"{mirror.folder}/{whole}", lines)
    for name in names:
        if name != whole:
            default_storage.delete(f"{mirror.folder}/{name}")
    mirror.segments = 1


def _forget_deleted() -> None:
    for gone in MirrorGone.objects.all()[:500]:
        if default_storage.exists(gone.folder):
            for name in default_storage.listdir(gone.folder)[1]:
                default_storage.delete(f"{gone.folder}/{name}")
            default_storage.delete(gone.folder)
        gone.delete()


def _item(item: Item, rev: int) -> dict[str, Any]:
    asset = item.asset
    kept = {"sha256": asset.sha256, "file": asset.file.name, "original_name": asset.original_name}
    fields = {name: getattr(item, name) for name in _ITEM_FIELDS}
    return {"frameloop_mirror": 1, "id": item.pk, "asset": kept, **fields, "journal": rev}


def _project(project: Project) -> dict[str, Any]:
    labels = Label.every.filter(project=project).order_by("ordinal")
    members = project.team.memberships.select_related("user")
    roles = {each.user_id: each.role for each in members}
    authors = JournalTx.objects.filter(item__project=project).values("actor_id")
    people = User.objects.filter(Q(pk__in=roles.keys()) | Q(pk__in=authors))
    return {
        "frameloop_mirror": 1,
        "id": project.pk,
        "name": project.name,
        "task": project.task,
        "description": project.description,
        "team": {"id": project.team_id, "name": project.team.name},
        "people": [{"id": who.pk, "email": who.email, "name": who.name, "role": roles.get(who.pk)} for who in people],
        "labels": [{"id": label.pk, **_label(label)} for label in labels],
    }


def _label(label: Label) -> dict[str, Any]:
    return {name: getattr(label, name) for name in _LABEL_FIELDS}


def put(name: str, document: dict[str, Any]) -> None:
    """Store a JSON document under its name, in place of what was there."""
    _replace(name, orjson.dumps(document, option=orjson.OPT_INDENT_2))


def _put_lines(name: str, lines: Iterable[bytes]) -> None:
    _replace(name, gzip.compress(b"\n".join(lines), 5, mtime=0))


def _replace(name: str, content: bytes) -> None:
    """A reader finds the old file or the new one, where the storage can rename; else for a moment none."""
    fresh = default_storage.save(f"{name}.new", ContentFile(content))
    try:
        path, target = default_storage.path(fresh), default_storage.path(name)
    except NotImplementedError:
        default_storage.delete(name)
        default_storage.save(name, ContentFile(content))
        default_storage.delete(fresh)
    else:
        Path(path).replace(target)
