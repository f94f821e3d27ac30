"""Admin pages of assignments, claims, consensus and scores."""

from __future__ import annotations

from django.contrib import admin

from annotations.models import Assignment, Claim, Consensus, Score, WorkRules
from projects.inspection import ReadOnly, link, pretty


@admin.register(Assignment)
class AssignmentAdmin(admin.ModelAdmin):
    list_display = ("__str__", link("item"), "user", "part", "by", "at")
    list_filter = ("part", "at")
    list_select_related = ("item", "user", "by")
    search_fields = ("item__path", "item__project__name", "user__email")
    autocomplete_fields = ("item", "user", "by")
    date_hierarchy = "at"


@admin.register(Claim)
class ClaimAdmin(admin.ModelAdmin):
    """Deleting one lets 'next item' give the item to somebody else at once."""

    list_display = ("__str__", link("item"), "user", "part", "seen_at")
    list_filter = ("part",)
    list_select_related = ("item", "user")
    search_fields = ("item__path", "item__project__name", "user__email")
    autocomplete_fields = ("item", "user")


@admin.register(Consensus)
class ConsensusAdmin(ReadOnly):
    list_display = ("__str__", link("item"), "created_by", "created_at", "merged_by", "merged_at")
    list_filter = ("created_at", "merged_at")
    list_select_related = ("item", "created_by", "merged_by")
    search_fields = ("item__path", "item__project__name")
    exclude = ("merge_txs",)
    readonly_fields = (pretty("merge_txs"),)


@admin.register(Score)
class ScoreAdmin(ReadOnly):
    list_display = ("__str__", link("item"), "user", "precision", "recall", "mean_iou", "label_accuracy", "at")
    list_filter = ("at",)
    list_select_related = ("item", "user")
    search_fields = ("item__path", "item__project__name", "user__email")
    exclude = ("by_label",)
    readonly_fields = (pretty("by_label"),)


@admin.register(WorkRules)
class WorkRulesAdmin(admin.ModelAdmin):
    list_display = ("__str__", link("project"), "ground_truth_rate")
    list_filter = ("ground_truth_rate",)
    list_select_related = ("project",)
    search_fields = ("project__name",)
    autocomplete_fields = ("project",)
