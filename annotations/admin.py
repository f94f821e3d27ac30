"""Admin pages of annotations and their journal: to look at, never to write."""

from __future__ import annotations

from django.contrib import admin

from annotations.models import Annotation, JournalTx
from projects.inspection import ReadOnly, link, pretty


@admin.register(Annotation)
class AnnotationAdmin(ReadOnly):
    list_display = (
        "__str__",
        "label",
        link("item"),
        "frame",
        "source",
        "deleted",
        "author",
        "updated_rev",
        "updated_at",
    )
    list_filter = ("source", "deleted", "label__project__task", "updated_at")
    list_select_related = ("label", "item", "author")
    search_fields = ("id", "label__name", "item__path", "item__project__name", "author__email")
    date_hierarchy = "updated_at"
    exclude = ("geometry", "attributes", "keyframes", "touched")
    readonly_fields = ("id", pretty("geometry"), pretty("attributes"), pretty("keyframes"), pretty("touched"))
    show_full_result_count = False


@admin.register(JournalTx)
class JournalTxAdmin(ReadOnly):
    list_display = ("__str__", link("item"), "rev", "actor", "ops_in_it", "undo_of", "at")
    list_filter = ("at",)
    list_select_related = ("item", "actor")
    search_fields = ("tx_id", "client_id", "item__path", "item__project__name", "actor__email")
    date_hierarchy = "at"
    exclude = ("ops", "inverse", "overwritten")
    readonly_fields = (pretty("ops"), pretty("inverse"), pretty("overwritten"))
    show_full_result_count = False

    @admin.display(description="ops")
    def ops_in_it(self, tx: JournalTx) -> int:
        return len(tx.ops)
