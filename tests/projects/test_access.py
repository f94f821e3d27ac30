"""What one may not know of does not exist; roles add up from the team and the project."""

import itertools

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.http import Http404

from projects import access
from projects.models import Label, Membership, Project, ProjectMembership, Role, Team, User


def test_a_member_of_the_team_sees_the_project(project, bob):
    assert access.visible(Project.objects.all(), bob).get() == project
    assert access.visible(Label.objects.all(), bob).count() == 2


def test_a_stranger_gets_404_not_403(project, charlie):
    assert not access.visible(Project.objects.all(), charlie).exists()
    with pytest.raises(Http404):
        access.fetch(Project.objects.all(), charlie, project.pk)
    with pytest.raises(Http404):
        access.require(charlie, project.pk, access.Act.VIEW)


def test_a_role_that_does_not_suffice_is_named(project, bob):
    with pytest.raises(PermissionDenied, match="needs the role manager; yours is annotator"):
        access.fetch(Project.objects.all(), bob, project.pk, access.Act.TRAIN)


def test_the_higher_of_two_roles_counts(project, bob, charlie):
    ProjectMembership.objects.create(project=project, user=bob, role=Role.MANAGER)
    ProjectMembership.objects.create(project=project, user=charlie, role=Role.VIEWER)
    assert access.project_rank(bob, project.pk) is access.Rank.MANAGER
    assert access.project_rank(charlie, project.pk) is access.Rank.VIEWER


def test_work_is_offered_to_those_who_may_do_it(project, alice, bob, charlie):
    ProjectMembership.objects.create(project=project, user=charlie, role=Role.VIEWER)
    assert list(access.members(project)) == [alice, bob, charlie]
    assert list(access.members(project, access.Act.ANNOTATE)) == [alice, bob]
    assert list(access.members(project, access.Act.REVIEW)) == [alice]


def test_somebody_signed_out_or_inactive_has_no_rank(project, bob):
    bob.is_active = False
    assert access.project_rank(bob, project.pk) is access.Rank.NONE


def test_the_sql_for_many_people_gives_the_rank_of_each(project, team):
    """Every pair of roles, in the team and by name, of people with open and closed accounts."""
    roles = [None, *Role.values]
    cases = list(itertools.product(roles, roles, [True, False]))
    people = [User(email=f"{n}@example.org", name=str(n), is_active=case[2]) for n, case in enumerate(cases)]
    User.objects.bulk_create(people)
    for person, (in_team, by_name, _) in zip(people, cases, strict=True):
        if in_team:
            Membership.objects.create(team=team, user=person, role=in_team)
        if by_name:
            ProjectMembership.objects.create(project=project, user=person, role=by_name)
    elsewhere = Project.objects.create(team=Team.objects.create(name="Other"), name="Elsewhere")
    asked = [(person, where) for person in people for where in (project, elsewhere)]
    with connection.cursor() as cursor:
        who = "unnest(%s::uuid[], %s::uuid[]) WITH ORDINALITY AS who(person, project, n)"
        cursor.execute(
            f"SELECT {access.ROLES_SQL} FROM {who} ORDER BY n", [[p.pk for p, _ in asked], [w.pk for _, w in asked]]
        )
        given = [row[0] for row in cursor.fetchall()]
    ranks = [access.rank_of(found, person.is_active) for found, (person, _) in zip(given, asked, strict=True)]
    assert ranks == [access.project_rank(person, where.pk) for person, where in asked]
    assert set(ranks) == set(access.Rank)
