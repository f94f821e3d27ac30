"""Making a project, and its settings: name, members, its end. Labels are in `labels`."""

from __future__ import annotations

import uuid
from typing import Any

from django.conf import settings as django_settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import BadRequest
from django.db import transaction
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from projects import access
from projects.access import Act, Rank
from projects.forms import LabelForm, MemberForm, NewProjectForm, ProjectForm, RoleForm, SkeletonForm
from projects.models import Label, Project, ProjectMembership, Role
from projects.models.job import ACTIVE, Status
from projects.models.project import PALETTE
from projects.models.watch import FileState


def project_and_rank(request: HttpRequest, project_id: uuid.UUID, act: Act = Act.VIEW) -> tuple[Project, Rank]:
    rank = access.require(request.user, project_id, act)
    rows = access.visible(Project.objects.select_related("team"), request.user)
    return rows.get(pk=project_id), rank


@login_required
@require_http_methods(["GET", "POST"])
def create(request: HttpRequest) -> HttpResponse:
    access.own_team(request.user)  # everybody has at least one team to put a project into
    form = NewProjectForm(request.POST or None, user=request.user)
    if request.method == "POST" and form.is_valid():
        return redirect("project", _make(request, form.cleaned_data).pk)
    context = {"form": form, "palette": PALETTE}
    return render(request, "projects/project_new.html", context)


@transaction.atomic
def _make(request: HttpRequest, data: dict[str, Any]) -> Project:
    project = Project.objects.create(team=data["team"], name=data["name"], task=data["task"], created_by=request.user)
    for name, color in data["labels"]:
        project.add_label(name, color)
    return project


def _watches(project: Project) -> Any:
    taken, refused = (Count("files", filter=Q(files__state=state)) for state in (FileState.TAKEN, FileState.REFUSED))
    return project.watches.annotate(taken=taken, refused=refused)


def settings_page(request: HttpRequest, project: Project, rank: Rank, **given: object) -> HttpResponse:
    """The settings, with a form that was refused in place of a fresh one."""
    next_color = PALETTE[project.labels.count() % len(PALETTE)]
    context = {
        "project": project,
        "rank": rank,
        "may_manage": rank >= Rank.MANAGER,
        "may_delete": rank >= Act.DELETE_PROJECT,
        "form": ProjectForm(instance=project, prefix="project"),
        "labels": project.labels.all(),
        "retired_labels": Label.every.filter(project=project, retired_at__isnull=False).select_related("merged_into"),
        "label_form": LabelForm(instance=Label(project=project, color=next_color), prefix="label"),
        "skeletons": SkeletonForm.rows(project),
        "members": project.memberships.select_related("user"),
        "team_members": project.team.memberships.select_related("user"),
        "member_form": MemberForm(rank=rank, prefix="member"),
        "watches": _watches(project),
        "watch_roots": django_settings.WATCH_ROOTS,
        "roles": RoleForm(rank=rank).fields["role"].choices,
    }
    return render(request, "projects/project_settings.html", context | given)


@login_required
@require_http_methods(["GET", "POST"])
def settings(request: HttpRequest, project_id: uuid.UUID) -> HttpResponse:
    act = Act.VIEW if request.method == "GET" else Act.EDIT_PROJECT
    project, rank = project_and_rank(request, project_id, act)
    if request.method == "GET":
        return settings_page(request, project, rank)
    form = ProjectForm(request.POST, instance=project, prefix="project")
    if not form.is_valid():
        project.refresh_from_db()
        return settings_page(request, project, rank, form=form)
    form.save()
    messages.success(request, "Saved.")
    return redirect("project-settings", project.pk)


@login_required
@require_POST
def delete(request: HttpRequest, project_id: uuid.UUID) -> HttpResponse:
    project, _ = project_and_rank(request, project_id, Act.DELETE_PROJECT)
    if request.POST.get("confirm") != project.name:  # a press before the page's script could ask
        messages.error(request, "Nothing was deleted: the project's name was not typed to confirm it.")
        return redirect("project-settings", project.pk)
    busy = project.jobs.filter(status__in=(*ACTIVE, Status.QUEUED)).count()
    streaming = project.pipelines.filter(wanted=True).count()
    if busy or streaming:
        what = " and ".join(
            part for part in (busy and f"{busy} job(s) run", streaming and f"{streaming} pipeline(s) stream") if part
        )
        messages.error(request, f"{what} in this project: cancel or stop them first, then delete it.")
        return redirect("project-settings", project.pk)
    project.erase()
    messages.success(request, f"The project '{project.name}' is deleted. Its files stay in the team's library.")
    return redirect("dashboard")


@login_required
@require_POST
def add_member(request: HttpRequest, project_id: uuid.UUID) -> HttpResponse:
    """Somebody of outside the team, for this project only."""
    project, rank = project_and_rank(request, project_id, Act.MANAGE_PEOPLE)
    form = MemberForm(request.POST, rank=rank, prefix="member")
    if not form.is_valid():
        return settings_page(request, project, rank, member_form=form)
    role = form.cleaned_data["role"]
    member, made = project.memberships.get_or_create(user=form.person, defaults={"role": role})
    if not made:
        access.require_grant(rank, member.role, role)
        member.role = role
        member.save(update_fields=["role"])
    messages.success(request, f"{form.person.name} is in the project as {role}.")
    return redirect("project-settings", project.pk)


@login_required
@require_POST
def change_member(request: HttpRequest, project_id: uuid.UUID, membership_id: uuid.UUID) -> HttpResponse:
    """Another role, or none (`role` empty): then they leave the project."""
    project, rank = project_and_rank(request, project_id)
    rows = ProjectMembership.objects.filter(project=project).select_related("user")
    member, role = get_object_or_404(rows, pk=membership_id), request.POST.get("role", "")
    if role not in ("", *Role.values):
        raise BadRequest(f"There is no role '{role}'.")
    leaving = not role and member.user_id == request.user.pk
    if not leaving:
        access.require(request.user, project.pk, Act.MANAGE_PEOPLE)
        access.require_grant(rank, member.role, role)
    if role:
        member.role = role
        member.save(update_fields=["role"])
    else:
        member.delete()
    messages.success(request, f"{member.user.name} {'is ' + role + ' now' if role else 'has left the project'}.")
    return redirect("dashboard" if leaving else "project-settings", *([] if leaving else [project.pk]))
