"""Who may do what: the only permission code.

Each model that belongs to a project names the way to it in `PROJECT_PATH`. What a person may not
know of does not exist for them: `visible` leaves it out and the pages answer 404.
"""

from __future__ import annotations

import uuid
from enum import IntEnum
from typing import Any, TypeVar

from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.db.models import Model, Q, QuerySet
from django.http import Http404

from projects.models import Membership, Project, ProjectMembership, Team, User

_Row = TypeVar("_Row", bound=Model)


class Rank(IntEnum):
    """Roles in order: each may do what the lower ones may."""

    NONE = 0
    VIEWER = 1
    ANNOTATOR = 2
    REVIEWER = 3
    MANAGER = 4
    OWNER = 5

    @classmethod
    def of(cls, role: str | None) -> Rank:
        return cls[role.upper()] if role else cls.NONE


class Act(IntEnum):
    """What can be done, by the lowest rank that may do it."""

    VIEW = Rank.VIEWER
    ANNOTATE = Rank.ANNOTATOR
    ADD_ITEMS = Rank.ANNOTATOR
    REVIEW = Rank.REVIEWER
    TRAIN = Rank.MANAGER
    STREAM = Rank.MANAGER
    CAPTURE = Rank.ANNOTATOR
    EDIT_LABELS = Rank.MANAGER
    DELETE_ITEMS = Rank.MANAGER
    MANAGE_PEOPLE = Rank.MANAGER
    DELETE_PROJECT = Rank.OWNER


def visible(rows: QuerySet[_Row], user: User | AnonymousUser) -> QuerySet[_Row]:
    """The rows of a project-bound model whose project `user` is a member of, by team or by name."""
    if not user.is_authenticated:
        return rows.none()
    path: str = rows.model.PROJECT_PATH  # type: ignore[attr-defined]
    mine = Project.objects.filter(Q(team__memberships__user=user) | Q(memberships__user=user)).values("pk")
    return rows.filter(**{f"{path}__in": mine})


def teams(user: User | AnonymousUser) -> QuerySet[Team]:
    if not user.is_authenticated:
        return Team.objects.none()
    return Team.objects.filter(memberships__user=user)


def project_rank(user: User | AnonymousUser, project_id: uuid.UUID | str) -> Rank:
    """The higher of a person's rank in the project's team and in the project itself."""
    if not user.is_authenticated or not user.is_active:
        return Rank.NONE
    by_team = Membership.objects.filter(user=user, team__projects=project_id).values_list("role", flat=True)
    by_name = ProjectMembership.objects.filter(user=user, project=project_id).values_list("role", flat=True)
    return max((Rank.of(role) for role in by_team.union(by_name)), default=Rank.NONE)


def team_rank(user: User | AnonymousUser, team_id: uuid.UUID | str) -> Rank:
    if not user.is_authenticated:
        return Rank.NONE
    return Rank.of(Membership.objects.filter(user=user, team=team_id).values_list("role", flat=True).first())


def require(user: User | AnonymousUser, project_id: uuid.UUID | str, act: Act) -> Rank:
    """The person's rank in the project, if it suffices for `act`.

    Raises:
        Http404: the person may not know that the project exists.
        PermissionDenied: they see it, but their role does not allow this.
    """
    rank = project_rank(user, project_id)
    if rank is Rank.NONE:
        raise Http404("No such project.")
    if rank < act:
        raise PermissionDenied(f"This needs the role {Rank(act).name.lower()}; yours is {rank.name.lower()}.")
    return rank


def fetch(rows: QuerySet[_Row], user: User | AnonymousUser, pk: Any, act: Act = Act.VIEW) -> _Row:
    """One row that `user` may see and do `act` with.

    Raises:
        Http404, PermissionDenied: as `require`.
    """
    row = visible(rows, user).filter(pk=pk).first()
    if row is None:
        raise Http404(f"No such {rows.model._meta.verbose_name}.")
    if act > Act.VIEW:
        require(user, project_id_of(row), act)
    return row


def project_id_of(row: Model) -> uuid.UUID:
    """The id of the project that a row belongs to, along its model's PROJECT_PATH."""
    value: Any = row
    for step in row.PROJECT_PATH.split("__"):  # type: ignore[attr-defined]
        value = value.pk if step == "pk" else getattr(value, step)
    return value.pk if isinstance(value, Model) else value
