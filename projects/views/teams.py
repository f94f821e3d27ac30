"""Teams: members, roles, invitation links."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import BadRequest
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from projects import access
from projects.access import Act, Rank
from projects.forms import RoleForm, TeamForm
from projects.links import invitation_url
from projects.models import Invitation, Membership, Role, Team
from projects.models.people import InvitationRefused, RoleRefused


def _team_and_rank(request: HttpRequest, team_id: uuid.UUID, act: Act = Act.VIEW) -> tuple[Team, Rank]:
    rank = access.require_in_team(request.user, team_id, act)
    return access.teams(request.user).get(pk=team_id), rank


def _page(request: HttpRequest, team: Team, rank: Rank, **given: object) -> HttpResponse:
    now = timezone.now()
    open_links = team.invitations.filter(accepted_at=None, expires_at__gt=now).select_related("created_by")
    context = {
        "team": team,
        "may_manage": rank >= Rank.MANAGER,
        "members": team.memberships.select_related("user").order_by("created_at"),
        "invitations": open_links if rank >= Rank.MANAGER else (),
        "projects": team.projects.order_by("name"),
        "roles": RoleForm(rank=rank).fields["role"].choices,
        "team_form": TeamForm(instance=team, prefix="team"),
        "invite_form": RoleForm(rank=rank, prefix="invite"),
    }
    return render(request, "projects/team.html", context | given)


@login_required
@require_http_methods(["GET", "POST"])
def team(request: HttpRequest, team_id: uuid.UUID) -> HttpResponse:
    least = Act.VIEW if request.method == "GET" else Act.MANAGE_PEOPLE
    team, rank = _team_and_rank(request, team_id, least)
    if request.method == "GET":
        return _page(request, team, rank)
    form = TeamForm(request.POST, instance=team, prefix="team")
    if not form.is_valid():
        team.refresh_from_db()
        return _page(request, team, rank, team_form=form)
    form.save()
    messages.success(request, "The team is renamed.")
    return redirect("team", team.pk)


@login_required
@require_http_methods(["GET", "POST"])
def create(request: HttpRequest) -> HttpResponse:
    form = TeamForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with transaction.atomic():
            made = form.save()
            Membership.objects.create(team=made, user=request.user, role=Role.OWNER)
        return redirect("team", made.pk)
    return render(request, "projects/team_new.html", {"form": form})


@login_required
@require_POST
def change_member(request: HttpRequest, team_id: uuid.UUID, membership_id: uuid.UUID) -> HttpResponse:
    """Give a member another role, or remove them (`role` empty). Anybody may leave by themselves."""
    team, rank = _team_and_rank(request, team_id)
    member = get_object_or_404(team.memberships.select_related("user", "team"), pk=membership_id)
    role, myself = request.POST.get("role", ""), member.user_id == request.user.pk
    if role not in ("", *Role.values):
        raise BadRequest(f"There is no role '{role}'.")
    if role or not myself:
        access.require_in_team(request.user, team_id, Act.MANAGE_PEOPLE)
        access.require_grant(rank, member.role, role)
    try:
        if role:
            member.change_role(role)
        else:
            member.remove()
    except RoleRefused as refused:
        messages.error(request, refused.detail)
        return redirect("team", team.pk)
    if myself and not role:
        messages.success(request, f"You have left {team.name}.")
        return redirect("dashboard")
    done = f"is {_with_article(role)} now" if role else "is removed from the team"
    messages.success(request, f"{member.user.name} {done}.")
    return redirect("team", team.pk)


def _with_article(role: str) -> str:
    return f"{'an' if role[0] in 'ao' else 'a'} {role}"


@login_required
@require_POST
def invite(request: HttpRequest, team_id: uuid.UUID) -> HttpResponse:
    """Make a link and show it in the answer: only its hash is stored."""
    team, rank = _team_and_rank(request, team_id, Act.MANAGE_PEOPLE)
    form = RoleForm(request.POST, rank=rank, prefix="invite")
    if not form.is_valid():
        return _page(request, team, rank, invite_form=form)
    made, token = Invitation.make(team, form.cleaned_data["role"], request.user)
    link = invitation_url(request, token)
    response = _page(request, team, rank, made=made, link=link)
    response["Cache-Control"] = "no-store"
    return response


@login_required
@require_POST
def revoke(request: HttpRequest, team_id: uuid.UUID, invitation_id: uuid.UUID) -> HttpResponse:
    team, _ = _team_and_rank(request, team_id, Act.MANAGE_PEOPLE)
    get_object_or_404(team.invitations.filter(accepted_at=None), pk=invitation_id).delete()
    messages.success(request, "The link no longer works.")
    return redirect("team", team.pk)


@never_cache
@require_http_methods(["GET", "POST"])
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Where an invitation link leads: join, or sign in first and come back."""
    try:
        found = Invitation.find(token)
        if request.user.is_authenticated and access.team_rank(request.user, found.team_id):
            messages.info(request, f"You are a member of {found.team.name} already.")
            return redirect("team", found.team_id)
        found.check_open()
        if request.method == "POST" and request.user.is_authenticated:
            found.accept(request.user)
            messages.success(request, f"Welcome to {found.team.name}.")
            return redirect("team", found.team_id)
    except InvitationRefused as refused:
        status = 404 if refused.code == "unknown" else 410
        return render(request, "projects/invitation_gone.html", {"refused": refused}, status=status)
    return render(request, "projects/invitation.html", {"invitation": found})
