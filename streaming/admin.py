"""Admin pages of sources, pipelines and captures."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest

from projects.inspection import Counting, ReadOnly, count, link, pretty
from streaming.models import Capture, Pipeline, Source


@admin.register(Source)
class SourceAdmin(Counting):
    """Credentials are encrypted and never shown; a source with new ones is made on the project's page."""

    list_display = ("name", "kind", link("project"), "with_secret", count("pipelines"), "created_by", "created_at")
    list_filter = ("kind", "created_at")
    list_select_related = ("project", "created_by")
    search_fields = ("name", "project__name")
    date_hierarchy = "created_at"
    counted = ("pipelines",)
    fields = ("id", "name", "kind", "project", pretty("config"), "with_secret", "created_by", "created_at")
    readonly_fields = tuple(field for field in fields if field != "name")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    @admin.display(description="credentials", boolean=True)
    def with_secret(self, source: Source) -> bool:
        return bool(source.secret)


@admin.register(Pipeline)
class PipelineAdmin(Counting):
    """To look at and to rename; starting and stopping go through the pipeline's page, which wakes a worker."""

    list_display = ("name", "state", "wanted", link("project"), link("source"), link("model"), count("captures"))
    list_filter = ("state", "wanted", "source__kind", "created_at")
    list_select_related = ("project", "source", "model")
    search_fields = ("name", "project__name", "source__name", "model__name", "worker")
    date_hierarchy = "created_at"
    counted = ("captures",)
    fields = (
        "id",
        "name",
        "project",
        "source",
        "model",
        "follow_model",
        "wanted",
        "state",
        "reason",
        "state_since",
        "worker",
        "heartbeat_at",
        pretty("overlay"),
        pretty("metrics"),
        "created_by",
        "created_at",
    )
    readonly_fields = tuple(field for field in fields if field != "name")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False


@admin.register(Capture)
class CaptureAdmin(ReadOnly):
    list_display = ("__str__", link("pipeline"), link("item"), link("model"), "created_by", "created_at")
    list_filter = ("created_at", "pipeline__source__kind")
    list_select_related = ("pipeline", "item", "model", "created_by")
    search_fields = ("pipeline__name", "item__path", "model__name")
    date_hierarchy = "created_at"
    exclude = ("detections",)
    readonly_fields = ("id", pretty("detections"), "created_at")
