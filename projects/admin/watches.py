"""Admin pages of watched places and their files."""

from __future__ import annotations

from django.contrib import admin

from projects.inspection import ReadOnly, count, link, pretty
from projects.models import Watch, WatchedFile


@admin.register(Watch)
class WatchAdmin(ReadOnly):
    list_display = ("__str__", "kind", link("project"), "enabled", count("files"), "looked_at", "last_error")
    list_filter = ("kind", "enabled", "created_at")
    list_select_related = ("project",)
    search_fields = ("config", "last_error", "project__name", "created_by__email")
    fields = ("id", "kind", "project", pretty("config"), "enabled", "looked_at", "last_error", "created_by")
    readonly_fields = ("id", pretty("config"))
    counted = ("files",)


@admin.register(WatchedFile)
class WatchedFileAdmin(ReadOnly):
    list_display = ("key", link("watch"), "state", "seen_at")
    list_filter = ("state", "seen_at")
    list_select_related = ("watch",)
    search_fields = ("key", "watch__project__name")
    exclude = ("problem",)
    readonly_fields = (pretty("problem"),)
