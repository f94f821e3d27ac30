"""Figures of items and projects, to look at."""

from __future__ import annotations

from django.contrib import admin

from annotations.models import ItemFigures, ProjectFigures
from projects.inspection import ReadOnly, link, pretty


@admin.register(ItemFigures)
class ItemFiguresAdmin(ReadOnly):
    list_display = ("__str__", link("item"), "rev", "at")
    list_filter = ("at",)
    list_select_related = ("item",)
    search_fields = ("item__path", "project__name")
    exclude = ("counts",)
    readonly_fields = (pretty("counts"),)
    show_full_result_count = False


@admin.register(ProjectFigures)
class ProjectFiguresAdmin(ReadOnly):
    list_display = ("__str__", link("project"), "stale", "at")
    list_filter = ("stale",)
    list_select_related = ("project",)
    search_fields = ("project__name",)
    exclude = ("counts",)
    readonly_fields = (pretty("counts"),)
