"""What a list of items can be narrowed by, as the description of the interface tells it; and its pages."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request

from projects import search
from projects.models import Project
from projects.models.item import ItemQuerySet, State
from projects.models.library import Kind
from projects.pagination import CursorPages
from projects.problems import invalid

_ORDERINGS = ("created_at", "path", "updated_at", "annotation_count", "distance")
_SEVERAL = "Several with commas between them."
_DAY = "A day, or a time such as 2026-01-31T09:00Z."


def _text(name: str, description: str, **more: Any) -> OpenApiParameter:
    return OpenApiParameter(name, str, description=description, **more)


def _ends(name: str, kind: Any, what: str) -> tuple[OpenApiParameter, OpenApiParameter]:
    return (
        OpenApiParameter(f"{name}_min", kind, description=f"{what}: at least."),
        OpenApiParameter(f"{name}_max", kind, description=f"{what}: at most."),
    )


PAGES = (
    OpenApiParameter("limit", int, description="Rows a page: 50 by default, at most 500."),
    OpenApiParameter("cursor", str, description="Where the page starts: follow `next`."),
)
PARAMETERS = [
    _text("q", "Words, each of which the path or a comment has in it."),
    _text("label", f"Items with a shape of any of these labels: ids or names. {_SEVERAL}"),
    _text("label_all", "Items with a shape of each of these labels."),
    _text("label_none", "Items without any shape of these labels."),
    _text("attribute", "`name=value`: items with a shape that has it; may be repeated.", many=True),
    _text("type", f"box, rbox, polygon, polyline, keypoints, mask or tag. {_SEVERAL}"),
    *_ends("size", float, "The share of the picture, 0 to 1, of the box around a shape (of masks unknown)"),
    _text("author", f"Ids of people who drew a shape, or `me`. {_SEVERAL}"),
    _text("source", f"human, import, or model: suggestions, which are left out otherwise. {_SEVERAL}"),
    *_ends("shapes", int, "The number of shapes, without suggestions"),
    _text("state", f"One of {', '.join(State.values)}. {_SEVERAL}"),
    _text("split", f"train, val, test or none. {_SEVERAL}"),
    OpenApiParameter("kind", str, enum=Kind.values),
    *_ends("brightness", float, "Mean luma of the picture, 0 to 255"),
    _text("created_from", f"Added from then on. {_DAY}"),
    _text("created_to", f"Added by then. {_DAY}"),
    _text("changed_from", f"Changed last from then on. {_DAY}"),
    _text("changed_to", f"Changed last by then. {_DAY}"),
    OpenApiParameter("comments", str, enum=["open", "any", "none"]),
    _text("assignee", "The id of whom it is assigned to, `me` or `nobody`."),
    OpenApiParameter("near", OpenApiTypes.UUID, description="Near-duplicates of this item, and the item itself."),
    OpenApiParameter("like", OpenApiTypes.UUID, description="Those most like this item first (by `distance`)."),
    OpenApiParameter("ordering", str, enum=[*_ORDERINGS, *(f"-{name}" for name in _ORDERINGS)]),
    *PAGES,
]


class _Pages(CursorPages):
    def __init__(self, ordering: str) -> None:
        self._by = ordering

    def get_ordering(self, request: Request, queryset: Any, view: Any) -> tuple[str, ...]:
        return (self._by, "-id" if self._by.startswith("-") else "id")


def pages(project: Project, rows: ItemQuerySet, request: Request) -> tuple[CursorPages, ItemQuerySet]:
    """The items that a call asks for, and what gives them out page by page.

    Raises:
        ValidationError: a parameter cannot be read; a label that is not there finds nothing.
    """
    found = search.find(project, rows, dict(request.query_params.lists()), request.user)
    for name, detail in found.faults:
        if not name.startswith("label"):
            raise invalid(f"/{name}", detail)
    return _Pages(found.ordering or "-created_at"), found.rows
