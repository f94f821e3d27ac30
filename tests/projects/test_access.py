"""What one may not know of does not exist; roles add up from the team and the project."""

import pytest
from django.core.exceptions import PermissionDenied
from django.http import Http404

from projects import access
from projects.models import Label, Project, ProjectMembership, Role


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


def test_somebody_signed_out_or_inactive_has_no_rank(project, bob):
    bob.is_active = False
    assert access.project_rank(bob, project.pk) is access.Rank.NONE
