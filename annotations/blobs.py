"""Large masks lie beside the journal, as blobs of their item: how they get there, and back into shapes."""

from __future__ import annotations

import hashlib
from typing import Any

from annotations import shapes
from annotations.models import MaskBlob
from projects.models import Item

MAX_BYTES = 4 * 1024 * 1024


def store(item: Item, counts: str, by: Any) -> MaskBlob:
    """Keep the run lengths of a mask; the same ones are kept once.

    Raises:
        ShapeError: they are no run lengths of a mask of the item's size.
    """
    size = [item.asset.height, item.asset.width]
    shapes.parse({"type": "mask", "size": size, "counts": counts})
    digest = hashlib.sha256(counts.encode()).hexdigest()
    blob, _ = MaskBlob.objects.get_or_create(item=item, digest=digest, defaults={"counts": counts, "created_by": by})
    return blob


def inlined(item_id: Any, geometry: dict[str, Any]) -> dict[str, Any]:
    """A geometry with its run lengths in it, whether or not it named a blob of the item."""
    digest = geometry.get("blob")
    if digest is None:
        return geometry
    counts = MaskBlob.objects.values_list("counts", flat=True).get(item_id=item_id, digest=digest)
    return {"type": "mask", "size": geometry["size"], "counts": counts}


def inlined_shape(item_id: Any, shape: dict[str, Any]) -> dict[str, Any]:
    """The same of a shape in the interface's form, or of the parts of one, and of its keyframes."""
    frames = shape.get("keyframes") or {}
    within = {"geometry": inlined(item_id, shape["geometry"])}
    if any("blob" in keyframe.get("geometry", {}) for keyframe in frames.values()):
        within["keyframes"] = {number: _keyframe(item_id, keyframe) for number, keyframe in frames.items()}
    return {**shape, **within}


def _keyframe(item_id: Any, keyframe: dict[str, Any]) -> dict[str, Any]:
    if "geometry" not in keyframe:
        return keyframe
    return {**keyframe, "geometry": inlined(item_id, keyframe["geometry"])}
