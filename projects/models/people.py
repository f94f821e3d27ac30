"""Who: users, teams, memberships, invitations, machine tokens."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta
from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import models, transaction
from django.utils import timezone
from knox.models import AbstractAuthToken

from projects.ids import uuid7


class Role(models.TextChoices):
    """The five roles. Each may do what the ones after it may do."""

    OWNER = "owner", "Owner"
    MANAGER = "manager", "Manager"
    REVIEWER = "reviewer", "Reviewer"
    ANNOTATOR = "annotator", "Annotator"
    VIEWER = "viewer", "Viewer"


class UserManager(BaseUserManager["User"]):
    @transaction.atomic
    def create_user(self, email: str, password: str | None = None, name: str = "", **extra: Any) -> User:
        """A person and the team of their own that everybody has from registration."""
        user = self.model(email=self.normalize_email(email).lower(), name=name or email.partition("@")[0], **extra)
        user.set_password(password)
        user.save(using=self._db)
        team = Team.objects.create(name=f"{user.name}'s team", personal=True)
        Membership.objects.create(team=team, user=user, role=Role.OWNER)
        return user

    def create_superuser(self, email: str, password: str | None = None, **extra: Any) -> User:
        return self.create_user(email, password, is_staff=True, is_superuser=True, **extra)

    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(email=(username or "").lower())


class User(AbstractBaseUser, PermissionsMixin):
    """A person; signs in by email."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    email = models.EmailField(unique=True)
    name = models.CharField(max_length=120)
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]
    objects = UserManager()

    class Meta:
        ordering = ("name", "id")

    def __str__(self) -> str:
        return f"{self.name} <{self.email}>"


class Team(models.Model):
    """People who share a library and projects."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(max_length=120)
    personal = models.BooleanField(default=False, help_text="Made with its owner's account.")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    members = models.ManyToManyField(User, through="Membership", related_name="teams")

    class Meta:
        ordering = ("name", "id")

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    """A person's role in a team; it holds in each of the team's projects."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    team = models.ForeignKey(Team, models.CASCADE, related_name="memberships")
    user = models.ForeignKey(User, models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=12, choices=Role.choices, default=Role.ANNOTATOR)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ("created_at",)
        constraints = (models.UniqueConstraint(fields=("team", "user"), name="one_membership_a_team"),)

    def __str__(self) -> str:
        return f"{self.user.name}: {self.role} of {self.team}"


def _in_a_week() -> Any:
    return timezone.now() + timedelta(days=7)


class Invitation(models.Model):
    """A link that makes whoever opens it a member. Only the hash of its token is stored."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    team = models.ForeignKey(Team, models.CASCADE, related_name="invitations")
    role = models.CharField(max_length=12, choices=Role.choices, default=Role.ANNOTATOR)
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    created_by = models.ForeignKey(User, models.CASCADE, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField(default=_in_a_week)
    accepted_by = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="+")
    accepted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-created_at",)

    def __str__(self) -> str:
        return f"{self.role} of {self.team}"

    @staticmethod
    def hash(token: str) -> str:
        return hashlib.sha256(token.encode()).hexdigest()

    @classmethod
    def make(cls, team: Team, role: str, by: User) -> tuple[Invitation, str]:
        """A new invitation and its token, which is never shown again."""
        token = secrets.token_urlsafe(24)
        return cls.objects.create(team=team, role=role, created_by=by, token_hash=cls.hash(token)), token

    @property
    def open(self) -> bool:
        return self.accepted_at is None and self.expires_at > timezone.now()


class ApiToken(AbstractAuthToken):
    """A named token for scripts; only its digest is stored (knox)."""

    id = models.UUIDField(default=uuid7, editable=False, unique=True)
    name = models.CharField(max_length=120)
    scopes = models.JSONField(default=list, blank=True, help_text="Empty: all that its person may do.")
    last_used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-created",)

    def __str__(self) -> str:
        return f"{self.name} of {self.user}"
