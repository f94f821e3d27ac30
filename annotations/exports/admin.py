"""Admin page of the archives that exports and conversions left."""

from __future__ import annotations

from django.contrib import admin

from annotations.models import Export
from projects.inspection import ReadOnly, link


@admin.register(Export)
class ExportAdmin(ReadOnly):
    list_display = ("__str__", link("project"), link("job"), "size", "created_at", "expires_at")
    list_filter = ("job__kind", "created_at", "expires_at")
    list_select_related = ("project", "job")
    search_fields = ("original_name", "project__name", "job__title")
    date_hierarchy = "created_at"
    exclude = ("file",)
