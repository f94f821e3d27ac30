"""Admin pages of uploads and their batches."""

from __future__ import annotations

from django.contrib import admin

from projects.inspection import ReadOnly, count, link, pretty
from projects.models import Upload, UploadBatch


@admin.register(UploadBatch)
class UploadBatchAdmin(ReadOnly):
    list_display = ("__str__", link("project"), "created_by", "state", count("uploads"), "created_at", "ended_at")
    list_filter = ("state", "created_at")
    list_select_related = ("project", "created_by")
    search_fields = ("name", "project__name", "created_by__email")
    date_hierarchy = "created_at"
    counted = ("uploads",)


@admin.register(Upload)
class UploadAdmin(ReadOnly):
    list_display = ("path", link("project"), "created_by", "state", "offset", "length", "created_at", "expires_at")
    list_filter = ("state", "at_once", "created_at")
    list_select_related = ("project", "created_by")
    search_fields = ("path", "name", "sha256", "project__name", "created_by__email")
    date_hierarchy = "created_at"
    exclude = ("metadata", "problem")
    readonly_fields = ("id", pretty("metadata"), pretty("problem"))
