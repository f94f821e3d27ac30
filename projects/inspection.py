"""What the admin pages of all apps share: links between rows, read-only tables, counts, hidden secrets."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.db.models import Count, IntegerField, Model, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from projects.media import signed_url


def address(row: Model) -> str:
    """The admin page of a row."""
    meta = row._meta
    return reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=[row.pk])


def link(path: str, title: str = "") -> Callable[[Any], str]:
    """A column that links to a related row: `link("asset__team")`."""

    @admin.display(description=title or path.rpartition("__")[2].replace("_", " "), ordering=path)
    def column(row: Any) -> str:
        for step in path.split("__"):
            row = getattr(row, step) if row is not None else None
        return format_html('<a href="{}">{}</a>', address(row), row) if row is not None else "-"

    return column


def count(relation: str, title: str = "") -> Callable[[Any], str]:
    """A column that counts the rows pointing here and links to their list. The admin class is a `Counting`."""

    @admin.display(description=title or relation, ordering=f"n_{relation}")
    def column(row: Any) -> str:
        field = row._meta.get_field(relation)
        meta = field.related_model._meta
        where = reverse(f"admin:{meta.app_label}_{meta.model_name}_changelist")
        number = getattr(row, f"n_{relation}")
        return format_html('<a href="{}?{}__{}__exact={}">{}</a>', where, field.field.name, "pk", row.pk, number)

    return column


def file_link(field: str) -> Callable[[Any], str]:
    """A signed link to a stored file, in place of its storage key."""

    @admin.display(description=field)
    def column(row: Any) -> str:
        file = getattr(row, field)
        return format_html('<a href="{}">open</a>', signed_url(file)) if file else "-"

    return column


@admin.display(description="preview")
def thumbnail(row: Any) -> str:
    """The small picture of an asset, or of an item's asset."""
    file = getattr(row, "asset", row).thumbnail
    return format_html('<img src="{}" alt="" height="48">', signed_url(file)) if file else "-"


def pretty(field: str) -> Callable[[Any], str]:
    """A JSON field, laid out for reading."""

    @admin.display(description=field.replace("_", " "))
    def column(row: Any) -> str:
        text = json.dumps(getattr(row, field), indent=2, ensure_ascii=False, default=str)
        return format_html("<pre>{}</pre>", text)

    return column


class Counting(admin.ModelAdmin):
    """`counted` names the relations that `count` columns show: one subquery each, no query per row."""

    counted: tuple[str, ...] = ()

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = super().get_queryset(request)
        for relation in self.counted:
            field: Any = self.model._meta.get_field(relation)
            there = field.related_model._base_manager.filter(**{field.field.name: OuterRef("pk")}).order_by()
            number = there.values(field.field.name).annotate(n=Count("*")).values("n")
            zero = Coalesce(Subquery(number, output_field=IntegerField()), 0)
            rows = rows.annotate(**{f"n_{relation}": zero})
        return rows


class Kept(Counting):
    """Rows that hold labels, or that labels hang on: the admin does not delete them.

    Deleting one would take annotations and their journal along, past `annotations.journal`, the only writer
    of both. A project is deleted as a whole by its owner; see `Project.erase`.
    """

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ReadOnly(Kept):
    """Rows that only the application writes."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class NotByHand(Counting):
    """Rows that the application makes and people may delete, but not write: tokens, invitations."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
