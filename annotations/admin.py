"""Admin pages of annotations and their journal: to look at, never to write."""

from __future__ import annotations

from django.contrib import admin

from annotations.exports import admin as exports
from annotations.figures import admin as figures
from annotations.imports import admin as imports
from annotations.mirror import admin as mirror
from annotations.models import Annotation, AnnotationSession, Comment, JournalTx, MaskBlob, Participant, Thread
from annotations.work import admin as work
from projects.inspection import ReadOnly, link, pretty

__all__ = ["exports", "figures", "imports", "mirror", "work"]


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


@admin.register(MaskBlob)
class MaskBlobAdmin(ReadOnly):
    list_display = ("__str__", link("item"), "created_by", "created_at")
    list_filter = ("created_at",)
    list_select_related = ("item", "created_by")
    search_fields = ("digest", "item__path", "created_by__email")
    exclude = ("counts",)
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


class CommentInline(admin.TabularInline):
    model = Comment
    fields = ("author", "text", "created_at", "deleted_at")
    readonly_fields = ("created_at",)
    autocomplete_fields = ("author",)
    extra = 0


@admin.register(Thread)
class ThreadAdmin(admin.ModelAdmin):
    list_display = ("__str__", link("item"), "frame", "created_by", "created_at", "resolved_at")
    list_filter = ("resolved_at", "created_at")
    list_select_related = ("item", "created_by")
    search_fields = ("item__path", "item__project__name", "comments__text", "created_by__email")
    autocomplete_fields = ("item", "created_by", "resolved_by")
    date_hierarchy = "created_at"
    inlines = (CommentInline,)


@admin.register(Comment)
class CommentAdmin(admin.ModelAdmin):
    list_display = ("__str__", link("thread"), "author", "created_at", "edited_at", "deleted_at")
    list_filter = ("created_at", "deleted_at")
    list_select_related = ("thread", "author")
    search_fields = ("text", "author__email", "thread__item__path")
    autocomplete_fields = ("thread", "author", "mentions")
    date_hierarchy = "created_at"


class ParticipantInline(admin.TabularInline):
    model = Participant
    fields = ("user", "joined_at", "seen_at", "active_s", "shapes", "edits")
    readonly_fields = fields
    extra = 0


@admin.register(AnnotationSession)
class AnnotationSessionAdmin(ReadOnly):
    list_display = ("__str__", link("item"), "purpose", "started_by", "started_at", "ended_at")
    list_filter = ("purpose", "started_at", "ended_at")
    list_select_related = ("item", "started_by")
    search_fields = ("item__path", "item__project__name", "started_by__email")
    date_hierarchy = "started_at"
    inlines = (ParticipantInline,)


@admin.register(Participant)
class ParticipantAdmin(ReadOnly):
    list_display = ("__str__", link("session"), "user", "active_s", "shapes", "edits", "joined_at")
    list_filter = ("joined_at",)
    list_select_related = ("session", "user")
    search_fields = ("user__email", "session__item__path")
    date_hierarchy = "joined_at"
