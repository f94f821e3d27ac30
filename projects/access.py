"""Who may do what: the only permission code.

Each model that belongs to a project names the way to it in `PROJECT_PATH`, one that belongs to a team
only in `TEAM_PATH`. What a person may not know of does not exist for them: `visible` leaves it out and
the pages answer 404.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from enum import IntEnum
from typing import Any, TypeVar

from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.db.models import Model, OuterRef, Q, QuerySet, Subquery
from django.http import Http404

from projects.models import Item, Membership, Project, ProjectMembership, Role, Team, User

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
    IMPORT = Rank.MANAGER  # it may add labels and replace what others drew
    DELETE_ITEMS = Rank.MANAGER
    EDIT_PROJECT = Rank.MANAGER
    MANAGE_PEOPLE = Rank.MANAGER
    CREATE_PROJECTS = Rank.MANAGER
    DELETE_PROJECT = Rank.OWNER


def _my_teams(user: User) -> QuerySet[Any, Any]:
    return Membership.objects.filter(user=user).values("team")


def visible(rows: QuerySet[_Row], user: User | AnonymousUser) -> QuerySet[_Row]:
    """The rows whose project, or team, `user` is a member of: by team or, in one project, by name."""
    if not isinstance(user, User) or not user.is_active:
        return rows.none()
    model: Any = rows.model
    if hasattr(model, "TEAM_PATH"):
        return rows.filter(**{f"{model.TEAM_PATH}__in": _my_teams(user)})
    found = rows.filter(**{f"{model.PROJECT_PATH}__in": _my_projects(user)})
    item = _way_to_item(model)
    return found if item is None else found.filter(_not_blind(item, user))


def _my_projects(user: User, *roles: str) -> QuerySet[Any, Any]:
    """The projects that a person is a member of, by team or by name; with `roles`, in one of these."""
    wanted = {"role__in": roles} if roles else {}
    by_team = Membership.objects.filter(user=user, **wanted).values("team")
    by_name = ProjectMembership.objects.filter(user=user, **wanted).values("project")
    return Project.objects.filter(Q(team__in=by_team) | Q(pk__in=by_name)).values("pk")


def _way_to_item(model: Any) -> str | None:
    """The lookup from a model's rows to their item, "" for items themselves; None where there is none."""
    if model is Item:
        return ""
    way, found, _ = f"{model.PROJECT_PATH}".rpartition("item__project")
    return f"{way}item__" if found else None


def _not_blind(item: str, user: User) -> Q:
    """Of a blind copy know the person it is for, and reviewers; of ground truth only these: others are scored by it."""
    reviewed = _my_projects(user, *(role for role in Role.values if Rank.of(role) >= Act.REVIEW))
    return (
        Q(**{f"{item}replica_of__isnull": True, f"{item}ground_truth": False})
        | Q(**{f"{item}replica_for": user})
        | Q(**{f"{item}project__in": reviewed})
    )


def own(rows: QuerySet[_Row], user: User | AnonymousUser) -> QuerySet[_Row]:
    """The rows that are nobody's but this person's, such as API tokens."""
    return rows.filter(user=user) if isinstance(user, User) and user.is_active else rows.none()


def teams(user: User | AnonymousUser) -> QuerySet[Team]:
    """A person's teams, each with their role in it as `my_role`."""
    mine = Membership.objects.filter(team=OuterRef("pk"), user=user.pk).values("role")[:1]
    return visible(Team.objects.annotate(my_role=Subquery(mine)), user)


def own_team(user: User) -> Team:
    """The team that a person's projects go to when they name none: the one made with the account."""
    mine = Team.objects.filter(memberships__user=user, memberships__role=Role.OWNER)
    team = mine.order_by("-personal", "created_at").first()
    if team is None:
        team = Team.objects.create(name=f"{user.name}'s team", personal=True)
        Membership.objects.create(team=team, user=user, role=Role.OWNER)
    return team


def project_rank(user: User | AnonymousUser, project_id: uuid.UUID | str) -> Rank:
    """The higher of a person's rank in the project's team and in the project itself."""
    return project_ranks(user, [project_id]).get(uuid.UUID(str(project_id)), Rank.NONE)


def project_ranks(user: User | AnonymousUser, project_ids: Iterable[uuid.UUID | str]) -> dict[uuid.UUID, Rank]:
    """A person's rank in each of some projects, in one query; projects they may not know of are left out."""
    if not user.is_authenticated or not user.is_active:
        return {}
    ids = list(project_ids)
    by_team = Membership.objects.filter(user=user, team__projects__in=ids).values_list("team__projects", "role")
    by_name = ProjectMembership.objects.filter(user=user, project__in=ids).values_list("project", "role")
    ranks: dict[uuid.UUID, Rank] = {}
    for project, role in by_team.union(by_name):
        ranks[project] = max(ranks.get(project, Rank.NONE), Rank.of(role))
    return ranks


# The roles that `project_ranks` takes the highest of, for those who ask PostgreSQL for many people at once:
# an expression over the columns `person` and `project` of a row source named `who`.
ROLES_SQL = """ARRAY(
  SELECT m.role FROM projects_membership m JOIN projects_project p ON p.team_id = m.team_id
  WHERE p.id = who.project AND m.user_id = who.person
  UNION ALL
  SELECT m.role FROM projects_projectmembership m WHERE m.project_id = who.project AND m.user_id = who.person)"""


def rank_of(roles: Iterable[str], active: bool) -> Rank:
    """The rank that the roles of ROLES_SQL come to; none for an account that was closed."""
    return max(map(Rank.of, roles), default=Rank.NONE) if active else Rank.NONE


def members(project: Project, act: Act = Act.VIEW) -> QuerySet[User]:
    """Everybody whose role in the project, by team or by name, allows `act`; in the order of their names."""
    roles = [role for role in Role if Rank.of(role) >= act]
    by_team = Q(memberships__team__projects=project, memberships__role__in=roles)
    belongs = by_team | Q(project_memberships__project=project, project_memberships__role__in=roles)
    return User.objects.filter(belongs, is_active=True).distinct().order_by("name", "pk")


def team_rank(user: User | AnonymousUser, team_id: uuid.UUID | str) -> Rank:
    if not user.is_authenticated or not user.is_active:
        return Rank.NONE
    return Rank.of(Membership.objects.filter(user=user, team=team_id).values_list("role", flat=True).first())


def _check(rank: Rank, act: Act) -> Rank:
    if rank < act:
        raise PermissionDenied(f"This needs the role {Rank(act).name.lower()}; yours is {rank.name.lower()}.")
    return rank


def require(user: User | AnonymousUser, project_id: uuid.UUID | str, act: Act) -> Rank:
    """The person's rank in the project, if it suffices for `act`.

    Raises:
        Http404: the person may not know that the project exists.
        PermissionDenied: they see it, but their role does not allow this.
    """
    rank = project_rank(user, project_id)
    if rank is Rank.NONE:
        raise Http404("No such project.")
    return _check(rank, act)


def require_in_team(user: User | AnonymousUser, team_id: uuid.UUID | str, act: Act) -> Rank:
    """As `require`, for what belongs to a team: its members, invitations and new projects."""
    rank = team_rank(user, team_id)
    if rank is Rank.NONE:
        raise Http404("No such team.")
    return _check(rank, act)


def require_grant(rank: Rank, *roles: str) -> None:
    """Nobody gives, changes or takes away a role above their own.

    Raises:
        PermissionDenied: one of `roles` is above `rank`.
    """
    highest = max((Rank.of(role) for role in roles), default=Rank.NONE)
    if highest > rank:
        raise PermissionDenied(
            f"You are {rank.name.lower()}: only somebody with the role {highest.name.lower()} may do this."
        )


def fetch(rows: QuerySet[_Row], user: User | AnonymousUser, pk: Any, act: Act = Act.VIEW) -> _Row:
    """One row that `user` may see and do `act` with.

    Raises:
        Http404, PermissionDenied: as `require`.
    """
    row = visible(rows, user).filter(pk=pk).first()
    if row is None:
        raise Http404(f"No such {rows.model._meta.verbose_name}.")
    if act > Act.VIEW:
        if hasattr(row, "TEAM_PATH"):
            require_in_team(user, _along(row, row.TEAM_PATH), act)
        else:
            require(user, project_id_of(row), act)
    return row


def project_id_of(row: Model) -> uuid.UUID:
    """The id of the project that a row belongs to, along its model's PROJECT_PATH."""
    return _along(row, row.PROJECT_PATH)  # type: ignore[attr-defined]


def _along(row: Model, path: str) -> uuid.UUID:
    value: Any = row
    for step in path.split("__"):
        value = value.pk if step == "pk" else getattr(value, step)
    found: uuid.UUID = value.pk if isinstance(value, Model) else value
    return found
