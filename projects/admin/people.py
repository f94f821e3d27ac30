"""Admin pages of people, teams, and what they hold."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import AdminUserCreationForm, UserChangeForm
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest

from projects import access
from projects.inspection import Counting, Kept, NotByHand, ReadOnly, count, link
from projects.models import (
    ApiToken,
    Invitation,
    KeptAnswer,
    Membership,
    Notice,
    ProjectMembership,
    Role,
    Team,
    User,
)


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


@admin.register(Notice)
class NoticeAdmin(ReadOnly):
    list_display = ("text", "kind", "user", link("project"), "created_at", "read_at")
    list_filter = ("kind", "read_at", "created_at")
    list_select_related = ("user", "project")
    search_fields = ("text", "user__email", "project__name")
    date_hierarchy = "created_at"
