"""Admin pages of assets, videos and items."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from projects.inspection import Kept, ReadOnly, count, file_link, link, thumbnail
from projects.models import (
    Asset,
    Item,
    StateChange,
    Video,
)


@admin.register(Asset)
class AssetAdmin(ReadOnly):
    list_display = ("original_name", thumbnail, "kind", "width", "height", "size", link("team"), count("items"))
    list_filter = ("kind", "content_type", "created_at")
    list_select_related = ("team",)
    search_fields = ("original_name", "sha256", "team__name")
    date_hierarchy = "created_at"
    counted = ("items",)
    exclude = ("file", "upright", "thumbnail")
    readonly_fields = ("id", thumbnail, file_link("file"), file_link("upright"), "created_at")


@admin.register(Video)
class VideoAdmin(ReadOnly):
    list_display = ("__str__", link("asset"), "frames", "fps", "codec")
    list_filter = ("codec",)
    list_select_related = ("asset",)
    search_fields = ("asset__original_name", "asset__sha256")
    exclude = ("proxy", "packets", "proxy_index")

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).defer("pts_bytes", "key_frames_bytes", "marks_bytes", "proxy_index")


@admin.register(Item)
class ItemAdmin(Kept):
    """An item's state and split may be mended; what is labelled on it changes through its journal only."""

    list_display = (
        "path",
        thumbnail,
        link("project"),
        link("asset"),
        "state",
        "split",
        "rev",
        count("annotations"),
        count("journal", "transactions"),
        "updated_at",
    )
    list_filter = ("state", "split", "asset__kind", "created_at")
    list_select_related = ("project", "asset")
    search_fields = ("path", "project__name", "asset__original_name", "asset__sha256")
    date_hierarchy = "created_at"
    counted = ("annotations", "journal")
    fields = ("id", "project", "asset", "path", "state", "split", "rev", "epoch", "annotation_count")
    readonly_fields = ("id", "project", "asset", "path", "rev", "epoch", "annotation_count")
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False


@admin.register(StateChange)
class StateChangeAdmin(ReadOnly):
    list_display = ("__str__", link("item"), "by", "reason", "rev", "at")
    list_filter = ("after", "at")
    list_select_related = ("item", "by")
    search_fields = ("item__path", "item__project__name", "by__email", "reason")
    date_hierarchy = "at"
