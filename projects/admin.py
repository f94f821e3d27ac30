"""Admin pages of people, projects, the library and jobs."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import AdminUserCreationForm, UserChangeForm
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken

from projects import access
from projects.inspection import Counting, Kept, NotByHand, ReadOnly, count, file_link, link, pretty, thumbnail
from projects.models import (
    ApiToken,
    Asset,
    Invitation,
    Item,
    Job,
    JobEvent,
    KeptAnswer,
    Label,
    Membership,
    Notice,
    Project,
    ProjectMembership,
    Role,
    StateChange,
    Team,
    User,
    Video,
)

admin.site.site_header = admin.site.site_title = "Frameloop administration"
admin.site.index_title = "Everything there is"

# Their rows hold whole refresh tokens, and there is nothing in them to administer.
for _model in (OutstandingToken, BlacklistedToken):
    if admin.site.is_registered(_model):
        admin.site.unregister(_model)


class NewUserForm(AdminUserCreationForm):  # type: ignore[type-arg]
    class Meta:
        model = User
        fields = ("email", "name")

    def clean_email(self) -> str:
        return self.cleaned_data["email"].lower()


class ChangeUserForm(UserChangeForm):  # type: ignore[type-arg]
    def clean_email(self) -> str:
        return self.cleaned_data["email"].lower()


class _MembershipInline(admin.TabularInline):
    model = Membership
    extra = 0
    autocomplete_fields = ("team", "user")
    readonly_fields = ("created_at",)


class OwnedFormSet(forms.BaseInlineFormSet):
    """A team keeps an owner, also through the admin."""

    def clean(self) -> None:
        super().clean()
        kept = [form.cleaned_data for form in self.forms if form.cleaned_data and not form.cleaned_data.get("DELETE")]
        if self.instance.pk and not any(row.get("role") == Role.OWNER for row in kept):
            raise ValidationError("A team needs an owner: give one of its members that role.")


class _TeamMembers(_MembershipInline):
    formset = OwnedFormSet


class _ReadOnlyInline(admin.TabularInline):
    """Rows shown beside their parent; they are changed on their own pages, where the rules are."""

    extra = 0
    show_change_link = True
    readonly_fields = ("created_at",)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class _TeamsOfPerson(_ReadOnlyInline):
    model = Membership
    fields = ("team", "role", "created_at")


class _ProjectsOfPerson(_ReadOnlyInline):
    model = ProjectMembership
    fields = ("project", "role", "created_at")


@admin.register(User)
class PersonAdmin(Kept, UserAdmin):  # type: ignore[type-arg,misc]
    """People are switched off, not deleted: what they labelled keeps their name."""

    form = ChangeUserForm
    add_form = NewUserForm
    ordering = ("name", "id")
    list_display = ("email", "name", "is_active", "is_staff", count("memberships"), "last_login", "created_at")
    list_filter = ("is_active", "is_staff", "is_superuser", "created_at")
    search_fields = ("email", "name")
    date_hierarchy = "created_at"
    counted = ("memberships",)
    readonly_fields = ("last_login", "created_at")
    actions = ("switch_off", "switch_on")
    inlines = (_TeamsOfPerson, _ProjectsOfPerson)
    fieldsets = (
        (None, {"fields": ("email", "name", "password")}),
        ("Rights", {"fields": ("is_active", "is_staff", "is_superuser", "groups", "user_permissions")}),
        ("Dates", {"fields": ("last_login", "created_at")}),
    )
    add_fieldsets = ((None, {"fields": ("email", "name", "usable_password", "password1", "password2")}),)

    def get_inlines(self, request: HttpRequest, obj: Any) -> Any:
        return self.inlines if obj else ()

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if not change:
            access.own_team(obj)

    @admin.action(description="Switch the chosen accounts off")
    def switch_off(self, request: HttpRequest, people: QuerySet[User]) -> None:
        changed = people.exclude(pk=request.user.pk).update(is_active=False)
        self.message_user(request, f"{changed} switched off; yours is never among them.")

    @admin.action(description="Switch the chosen accounts on")
    def switch_on(self, request: HttpRequest, people: QuerySet[User]) -> None:
        self.message_user(request, f"{people.update(is_active=True)} switched on.")


@admin.register(Team)
class TeamAdmin(Kept):
    list_display = ("name", "personal", count("memberships"), count("projects"), count("assets"), "created_at")
    list_filter = ("personal", "created_at")
    search_fields = ("name", "members__email", "members__name")
    date_hierarchy = "created_at"
    counted = ("memberships", "projects", "assets")
    readonly_fields = ("id", "personal", "created_at")
    inlines = (_TeamMembers,)


@admin.register(Membership)
class MembershipAdmin(Counting):
    list_display = ("user", "role", link("team"), "created_at")
    list_filter = ("role", "created_at")
    list_select_related = ("user", "team")
    search_fields = ("user__email", "user__name", "team__name")
    autocomplete_fields = ("team", "user")
    date_hierarchy = "created_at"
    readonly_fields = ("created_at",)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and not (obj and obj.is_last_owner)

    def get_actions(self, request: HttpRequest) -> Any:
        actions = super().get_actions(request)
        actions.pop("delete_selected", None)  # it would not look at each team's owners
        return actions


@admin.register(ProjectMembership)
class ProjectMembershipAdmin(Counting):
    list_display = ("user", "role", link("project"), "created_at")
    list_filter = ("role", "created_at")
    list_select_related = ("user", "project")
    search_fields = ("user__email", "user__name", "project__name")
    autocomplete_fields = ("project", "user")
    date_hierarchy = "created_at"
    readonly_fields = ("created_at",)


@admin.register(Invitation)
class InvitationAdmin(NotByHand):
    list_display = ("__str__", link("team"), "role", "created_by", "created_at", "expires_at", "accepted_by")
    list_filter = ("role", "created_at", "expires_at")
    list_select_related = ("team", "created_by", "accepted_by")
    search_fields = ("team__name", "created_by__email", "accepted_by__email")
    date_hierarchy = "created_at"
    fields = ("team", "role", "created_by", "created_at", "expires_at", "accepted_by", "accepted_at")


@admin.register(ApiToken)
class ApiTokenAdmin(NotByHand):
    """Deleting a token revokes it. Neither the digest nor a part of the token is shown."""

    list_display = ("name", link("user"), "scopes", "created", "expiry", "last_used_at")
    list_filter = ("created", "expiry", "last_used_at")
    list_select_related = ("user",)
    search_fields = ("name", "user__email", "user__name")
    date_hierarchy = "created"
    fields = ("id", "name", "user", "scopes", "created", "expiry", "last_used_at")


@admin.register(KeptAnswer)
class KeptAnswerAdmin(NotByHand):
    list_display = ("key", link("user"), "status", "created_at")
    list_filter = ("status", "created_at")
    list_select_related = ("user",)
    search_fields = ("key", "user__email")
    date_hierarchy = "created_at"
    fields = ("user", "key", "status", "created_at")


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


@admin.register(Asset)
class AssetAdmin(ReadOnly):
    list_display = ("original_name", thumbnail, "kind", "width", "height", "size", link("team"), count("items"))
    list_filter = ("kind", "content_type", "created_at")
    list_select_related = ("team",)
    search_fields = ("original_name", "sha256", "team__name")
    date_hierarchy = "created_at"
    counted = ("items",)
    exclude = ("file", "upright", "thumbnail")
    readonly_fields = ("id", thumbnail, file_link("file"), file_link("upright"), "created_at")


@admin.register(Video)
class VideoAdmin(ReadOnly):
    list_display = ("__str__", link("asset"), "frames", "fps", "codec")
    list_filter = ("codec",)
    list_select_related = ("asset",)
    search_fields = ("asset__original_name", "asset__sha256")
    exclude = ("proxy", "packets", "proxy_index")

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).defer("pts_bytes", "key_frames_bytes", "marks_bytes", "proxy_index")


@admin.register(Item)
class ItemAdmin(Kept):
    """An item's state and split may be mended; what is labelled on it changes through its journal only."""

    list_display = (
        "path",
        thumbnail,
        link("project"),
        link("asset"),
        "state",
        "split",
        "rev",
        count("annotations"),
        count("journal", "transactions"),
        "updated_at",
    )
    list_filter = ("state", "split", "asset__kind", "created_at")
    list_select_related = ("project", "asset")
    search_fields = ("path", "project__name", "asset__original_name", "asset__sha256")
    date_hierarchy = "created_at"
    counted = ("annotations", "journal")
    fields = ("id", "project", "asset", "path", "state", "split", "rev", "epoch", "annotation_count")
    readonly_fields = ("id", "project", "asset", "path", "rev", "epoch", "annotation_count")
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False


@admin.register(StateChange)
class StateChangeAdmin(ReadOnly):
    list_display = ("__str__", link("item"), "by", "reason", "rev", "at")
    list_filter = ("after", "at")
    list_select_related = ("item", "by")
    search_fields = ("item__path", "item__project__name", "by__email", "reason")
    date_hierarchy = "at"


@admin.register(Notice)
class NoticeAdmin(ReadOnly):
    list_display = ("text", "kind", "user", link("project"), "created_at", "read_at")
    list_filter = ("kind", "read_at", "created_at")
    list_select_related = ("user", "project")
    search_fields = ("text", "user__email", "project__name")
    date_hierarchy = "created_at"


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
