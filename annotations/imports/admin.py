"""Admin page of the items that imports added."""

from __future__ import annotations

from django.contrib import admin

from annotations.models import ImportedItem
from projects.inspection import ReadOnly, link


@admin.register(ImportedItem)
class ImportedItemAdmin(ReadOnly):
    list_display = ("__str__", link("item"), link("job"))
    list_filter = ("job__status",)
    list_select_related = ("item", "job")
    search_fields = ("item__path", "job__title")
    show_full_result_count = False
