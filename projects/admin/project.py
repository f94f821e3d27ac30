"""Admin pages of projects and their labels."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from projects.inspection import Counting, Kept, count, link
from projects.models import (
    Label,
    Project,
    ProjectMembership,
)


class _ProjectMembers(admin.TabularInline):
    model = ProjectMembership
    extra = 0
    autocomplete_fields = ("user",)
    readonly_fields = ("created_at",)


class _Labels(admin.TabularInline):
    model = Label
    extra = 0
    fields = ("ordinal", "name", "color")
    readonly_fields = ("ordinal",)
    show_change_link = True
    can_delete = False


@admin.register(Project)
class ProjectAdmin(Kept):
    list_display = (
        "name",
        link("team"),
        "task",
        count("items"),
        count("labels"),
        count("jobs"),
        count("versions"),
        count("models"),
        count("pipelines"),
        "created_at",
    )
    list_filter = ("task", "created_at")
    list_select_related = ("team",)
    search_fields = ("name", "description", "team__name")
    autocomplete_fields = ("team",)
    date_hierarchy = "created_at"
    counted = ("items", "labels", "jobs", "versions", "models", "pipelines")
    readonly_fields = ("id", "created_by", "created_at")
    inlines = (_Labels, _ProjectMembers)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """A project stays in its team, whose library its items are from, and keeps its task."""
        return (*self.readonly_fields, "team", "task") if obj else self.readonly_fields

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        """New labels get the next class indices, in their order on the page."""
        if formset.model is Label:
            first = form.instance.next_ordinal()
            for n, row in enumerate(row for row in formset.extra_forms if row.has_changed()):
                row.instance.ordinal = first + n
        super().save_formset(request, form, formset, change)

    def save_model(self, request: HttpRequest, obj: Project, form: Any, change: bool) -> None:
        if not change:
            obj.created_by = request.user  # type: ignore[assignment]
        super().save_model(request, obj, form, change)


@admin.register(Label)
class LabelAdmin(Counting):
    """A label that annotations use is protected by the database relation."""

    list_display = ("name", "color", "ordinal", link("project"), count("annotations"))
    list_filter = ("project__task",)
    list_select_related = ("project",)
    search_fields = ("name", "project__name")
    autocomplete_fields = ("project",)
    counted = ("annotations",)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ("id", "ordinal", "project") if obj else ("id", "ordinal")

    def save_model(self, request: HttpRequest, obj: Label, form: Any, change: bool) -> None:
        if not change:
            obj.ordinal = obj.project.next_ordinal()
        super().save_model(request, obj, form, change)
