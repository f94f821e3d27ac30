"""What a tool found becomes suggestions of an item: shapes with source "model", for a person to accept.

Who proposed a shape is told by the transaction that created it: its `client_id` is "model:<model's id>" for
what a model saw and "assist:<tool>" for the tools that need none. The journal keeps both for good, through
undo, restore and acceptance; `origins` reads them.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from annotations import journal, protocol
from annotations.models import Annotation, JournalTx
from projects import access, frames
from projects.access import Act, Rank
from projects.models import Item, Label, User
from projects.models.item import State
from projects.models.library import Kind
from projects.problems import Problem, invalid
from training.models import Model

MODEL, TOOL = "model:", "assist:"
_STATUS = {"NO_ITEM": 404, "FORBIDDEN": 403, "TOO_LARGE": 413, "BUSY": 503, "INTERNAL": 503}


def fetch_item(user: Any, item_id: uuid.UUID) -> Item:
    """An item that `user` may change as it is now.

    Raises:
        Http404, PermissionDenied: as `access.fetch`.
        Problem: 409 ITEM_APPROVED.
    """
    rows = Item.every.select_related("asset", "asset__video", "project")
    item = access.fetch(rows, user, item_id, Act.ANNOTATE)
    approved = item.state == State.APPROVED
    if approved and access.project_rank(user, item.project_id) < Rank(Act.REVIEW):
        raise Problem(409, "ITEM_APPROVED", "The item is approved: a reviewer has to send it back first.")
    return item


def frame_number(item: Item, frame: int | None) -> int | None:
    """The frame that a call means: None on an image, and on a video a frame that exists.

    Raises:
        ValidationError: at /frame.
    """
    if item.asset.kind != Kind.VIDEO:
        if frame is not None:
            raise invalid("/frame", "An image has no frames: leave frame out.")
        return None
    if frame is None:
        raise invalid("/frame", "On a video, say which frame is meant.", "required")
    if frame >= item.asset.frames:
        raise invalid("/frame", f"The video has {item.asset.frames} frames, numbered from 0; {frame} is beyond.")
    return frame


def pixels(item: Item, frame: int | None) -> NDArray[np.uint8]:
    """The picture that is worked on: uint8 RGB, shape (asset.height, asset.width, 3).

    Raises:
        Problem: 409 when the stored file does not give it any more.
    """
    try:
        return frames.read_frame(item.asset, frame or 0)
    except (frames.FrameUnreadable, OSError) as error:
        raise Problem(409, "unreadable", f"The picture cannot be read: {error}") from error


def label_of(item: Item, label: uuid.UUID) -> Label:
    """A label of the item's project.

    Raises:
        ValidationError: at /label.
    """
    found = Label.objects.filter(project=item.project_id, pk=label).first()
    if found is None:
        raise invalid("/label", "The project has no such label: choose one of its labels.", "UNKNOWN_LABEL")
    return found


def shape_of(item: Item, annotation: uuid.UUID) -> Annotation:
    """A living shape of the item.

    Raises:
        ValidationError: at /annotation.
    """
    found = Annotation.objects.filter(item=item, pk=annotation, deleted=False).select_related("label").first()
    if found is None:
        raise invalid("/annotation", "The item has no such shape.", "MISSING")
    return found


def create(label: Any, geometry: dict[str, Any], confidence: float, frame: int | None) -> dict[str, Any]:
    """The op that suggests a shape."""
    where = {} if frame is None else {"frame": frame}
    return {
        "op": "create",
        "id": str(uuid.uuid4()),
        "label": str(label),
        "geometry": geometry,
        "source": "model",
        "confidence": round(min(max(confidence, 0.0), 1.0), 4),
        **where,
    }


def commit(item: Item, by: User, ops: Sequence[dict[str, Any]], origin: str) -> dict[str, Any]:
    """Put suggestions into the item's journal, as one transaction of `by`.

    Args:
        ops: As `create` makes them, at most 500; deletes of suggestions that they replace may be among them.
        origin: "model:<id>" or "assist:<tool>".

    Returns:
        `{rev, annotations: [{id, label, frame, geometry, keyframes, confidence}]}`.

    Raises:
        Problem: the journal refused it.
    """
    made = [op for op in ops if op["op"] == "create"]
    rev = item.rev
    if ops:
        tx = protocol.Tx(client_id=origin, tx_id=uuid.uuid4().hex, base_rev=item.rev, ops=list(ops))
        try:
            rev = journal.commit(item.pk, tx, by, source="model").rev
        except journal.Rejected as refusal:
            more = {"current": refusal.current, "retryable": refusal.retryable}
            raise Problem(_STATUS.get(refusal.code, 409), refusal.code, refusal.detail, **more) from None
    shown = [
        {name: op.get(name) for name in ("id", "label", "frame", "geometry", "keyframes", "confidence")} for op in made
    ]
    return {"rev": rev, "annotations": shown}


def origins(item: Item, shapes: Iterable[uuid.UUID] | None = None) -> list[dict[str, Any]]:
    """Who proposed each living shape that no person drew: `[{id, tool, model, name}]`.

    `tool` is "model", or that of "assist:<tool>"; `model` is the model's id, and null where there is none or
    it was deleted.
    """
    rows = Annotation.objects.filter(item=item, deleted=False, confidence__isnull=False)
    if shapes is not None:
        rows = rows.filter(pk__in=list(shapes))
    created = dict(rows.values_list("pk", "created_rev"))
    makers = JournalTx.objects.filter(item=item, rev__in=set(created.values())).values_list("rev", "client_id")
    clients = dict(makers)
    names = _names({client for client in clients.values() if client.startswith(MODEL)})
    return [
        {"id": str(pk), **_origin(client, names)}
        for pk, rev in created.items()
        if (client := clients.get(rev, "")).startswith((MODEL, TOOL))
    ]


def _names(clients: set[str]) -> dict[str, str]:
    ids = []
    for client in clients:
        try:
            ids.append(uuid.UUID(client.removeprefix(MODEL)))
        except ValueError:  # a script's client_id that only looks like ours
            continue
    return {f"{MODEL}{pk}": name for pk, name in Model.objects.filter(pk__in=ids).values_list("pk", "name")}


def _origin(client: str, names: dict[str, str]) -> dict[str, Any]:
    if client.startswith(TOOL):
        return {"tool": client.removeprefix(TOOL), "model": None, "name": ""}
    known = client in names
    return {"tool": "model", "model": client.removeprefix(MODEL) if known else None, "name": names.get(client, "")}
