"""How far the storage's copy is, to look at."""

from __future__ import annotations

from django.contrib import admin

from annotations.models import ItemMirror, MirrorGone
from projects.inspection import ReadOnly, link


@admin.register(ItemMirror)
class ItemMirrorAdmin(ReadOnly):
    list_display = ("__str__", link("item"), "rev", "segments", "at")
    list_filter = ("at",)
    list_select_related = ("item",)
    search_fields = ("item__path", "item__project__name", "folder")
    show_full_result_count = False


@admin.register(MirrorGone)
class MirrorGoneAdmin(ReadOnly):
    list_display = ("folder",)
    search_fields = ("folder",)
