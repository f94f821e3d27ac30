"""Admin pages of versions and models."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest

from projects.inspection import Kept, ReadOnly, count, link, pretty
from training.models import ItemEmbedding, Model, Restoration, Version, VersionFrame


@admin.register(Version)
class VersionAdmin(ReadOnly):
    list_display = ("__str__", "number", link("project"), count("frames"), count("models"), "created_by", "created_at")
    list_filter = ("project__task", "created_at")
    list_select_related = ("project", "created_by")
    search_fields = ("name", "content_hash", "project__name")
    date_hierarchy = "created_at"
    counted = ("frames", "models")
    exclude = ("labels", "split", "counts")
    readonly_fields = ("id", pretty("labels"), pretty("split"), pretty("counts"), "created_at")


@admin.register(VersionFrame)
class VersionFrameAdmin(ReadOnly):
    list_display = ("__str__", link("version"), link("item"), "frame", "rev", "split")
    list_filter = ("split",)
    list_select_related = ("version", "item")
    search_fields = ("path", "version__name", "version__project__name")
    date_hierarchy = "version__created_at"
    exclude = ("shapes",)
    readonly_fields = (pretty("shapes"),)
    show_full_result_count = False


@admin.register(Model)
class ModelAdmin(Kept):
    """Its name and stage can be changed here; weights are files that only training and uploads bring."""

    list_display = ("name", "engine", "stage", link("project"), link("version"), count("pipelines"), "created_at")
    list_filter = ("engine", "stage", "created_at")
    list_editable = ("stage",)
    list_select_related = ("project", "version")
    search_fields = ("name", "project__name", "job__title")
    date_hierarchy = "created_at"
    counted = ("pipelines",)
    fields = (
        "id",
        "name",
        "stage",
        "project",
        "engine",
        "version",
        "job",
        pretty("metrics"),
        pretty("labels"),
        pretty("params"),
        "created_by",
        "created_at",
    )
    readonly_fields = tuple(field for field in fields if field not in ("name", "stage"))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False


@admin.register(Restoration)
class RestorationAdmin(ReadOnly):
    list_display = ("__str__", link("project"), link("version"), "created_by", "created_at")
    list_filter = ("created_at",)
    list_select_related = ("project", "version", "created_by")
    search_fields = ("project__name", "version__name")


@admin.register(ItemEmbedding)
class ItemEmbeddingAdmin(ReadOnly):
    list_display = ("__str__", link("item"), "kind", "at")
    list_filter = ("kind",)
    list_select_related = ("item",)
    search_fields = ("item__path",)
    exclude = ("vector",)
    show_full_result_count = False
