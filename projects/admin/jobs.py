"""Admin pages of jobs and their events."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from projects.inspection import ReadOnly, link, pretty
from projects.models import (
    Job,
    JobEvent,
)


@admin.register(Job)
class JobAdmin(ReadOnly):
    list_display = ("__str__", "status", "phase", "progress", link("project"), "created_by", "created_at", "ended_at")
    list_filter = ("kind", "status", "created_at")
    list_select_related = ("project", "created_by")
    search_fields = ("id", "title", "kind", "project__name", "created_by__email")
    date_hierarchy = "created_at"
    exclude = ("params", "result", "error", "metrics", "attempt_token")
    readonly_fields = (
        "id",
        pretty("params"),
        pretty("result"),
        pretty("error"),
        pretty("metrics"),
        "created_at",
        "last_seq",
    )
    actions = ("cancel",)

    @admin.action(description="Cancel the chosen jobs", permissions=["view"])
    def cancel(self, request: HttpRequest, jobs: QuerySet[Job]) -> None:
        asked = sum(job.request_cancel() for job in jobs)
        self.message_user(request, f"{asked} of {jobs.count()} asked to end.")


@admin.register(JobEvent)
class JobEventAdmin(ReadOnly):
    list_display = ("__str__", "kind", link("job"), "at")
    list_filter = ("kind", "at")
    list_select_related = ("job",)
    search_fields = ("job__id", "job__title", "payload")
    date_hierarchy = "at"
    exclude = ("payload",)
    readonly_fields = (pretty("payload"),)
    show_full_result_count = False
