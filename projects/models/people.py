"""Who: users, teams, memberships, invitations, machine tokens."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta
from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.contrib.auth.signals import user_logged_out
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver
from django.utils import timezone
from knox.crypto import hash_token
from knox.models import AbstractAuthToken

from projects import live
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


class RoleRefused(Exception):
    """A change of roles that would leave a team without an owner, or give more than one has."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


class Team(models.Model):
    """People who share a library and projects."""

    TEAM_PATH = "pk"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(max_length=120)
    personal = models.BooleanField(default=False, help_text="Made with its owner's account.")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    members = models.ManyToManyField(User, through="Membership", related_name="teams")

    class Meta:
        ordering = ("name", "id")

    def __str__(self) -> str:
        return self.name

    def lock(self) -> None:
        """Hold the team's row until the transaction ends, so that two changes of roles see each other."""
        Team.objects.select_for_update().get(pk=self.pk)


class Membership(models.Model):
    """A person's role in a team; it holds in each of the team's projects."""

    TEAM_PATH = "team"

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

    @property
    def is_last_owner(self) -> bool:
        owners = Membership.objects.filter(team=self.team_id, role=Role.OWNER)
        return owners.filter(pk=self.pk).exists() and not owners.exclude(pk=self.pk).exists()

    def clean(self) -> None:
        if self.pk and self.role != Role.OWNER and self.is_last_owner:
            raise ValidationError(_LAST_OWNER)

    @transaction.atomic
    def change_role(self, role: str) -> None:
        """Give another role.

        Raises:
            RoleRefused: the team would be left without an owner.
        """
        self.team.lock()
        if role != Role.OWNER and self.is_last_owner:
            raise RoleRefused("last-owner", _LAST_OWNER)
        self.role = role
        self.save(update_fields=("role",))

    @transaction.atomic
    def remove(self) -> None:
        """Take the person out of the team.

        Raises:
            RoleRefused: the team would be left without an owner.
        """
        self.team.lock()
        if self.is_last_owner:
            raise RoleRefused("last-owner", _LAST_OWNER)
        self.delete()


_LAST_OWNER = "This is the team's last owner: make somebody else an owner first."


def _in_a_week() -> Any:
    return timezone.now() + timedelta(days=7)


class InvitationRefused(Exception):
    """An invitation that can no longer be accepted; `code` is one of unknown, expired, used."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


class Invitation(models.Model):
    """A link that makes whoever opens it a member. Only the hash of its token is stored."""

    TEAM_PATH = "team"

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

    @classmethod
    def find(cls, token: str) -> Invitation:
        """The invitation behind a link.

        Raises:
            InvitationRefused: no invitation has this token.
        """
        found = cls.objects.select_related("team", "created_by").filter(token_hash=cls.hash(token)).first()
        if found is None:
            raise InvitationRefused("unknown", "This invitation does not exist or was revoked: ask for a new link.")
        return found

    @property
    def open(self) -> bool:
        return self.accepted_at is None and self.expires_at > timezone.now()

    def check_open(self) -> None:
        """Raise InvitationRefused, with what to do, unless the invitation can be accepted."""
        if self.accepted_at is not None:
            raise InvitationRefused("used", "This invitation was already used: ask for a new link.")
        if not self.open:
            day = f"{self.expires_at:%Y-%m-%d}"
            raise InvitationRefused("expired", f"This invitation expired on {day}: ask for a new link.")

    @transaction.atomic
    def accept(self, user: User) -> Membership:
        """Make `user` a member with the invitation's role. It works once.

        Somebody who is a member already keeps the higher of the two roles. The same person opening the
        link again gets their membership again, so that a double click is no error.

        Raises:
            InvitationRefused: used by somebody else, expired, or revoked meanwhile.
        """
        locked = Invitation.objects.select_for_update().filter(pk=self.pk).first()
        if locked is None:
            raise InvitationRefused("unknown", "This invitation does not exist or was revoked: ask for a new link.")
        if locked.accepted_by_id == user.pk and user.pk is not None:
            mine = Membership.objects.filter(team=locked.team_id, user=user).first()
            if mine:
                return mine
        locked.check_open()
        member, made = Membership.objects.get_or_create(
            team_id=locked.team_id, user=user, defaults={"role": locked.role}
        )
        ranks = list(Role.values)
        if not made and ranks.index(locked.role) < ranks.index(member.role):
            member.role = locked.role
            member.save(update_fields=("role",))
        self.accepted_by = locked.accepted_by = user
        self.accepted_at = locked.accepted_at = timezone.now()
        locked.save(update_fields=("accepted_by", "accepted_at"))
        return member


class ApiToken(AbstractAuthToken):
    """A named token for scripts; only its digest is stored (knox)."""

    READ = "read"
    WRITE = "write"

    # knox makes the digest the key, which would put it into the address of each admin page.
    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    digest = models.CharField(max_length=128, unique=True, editable=False)
    name = models.CharField(max_length=120)
    scopes = models.JSONField(default=list, blank=True, help_text="Empty: all that its person may do.")
    last_used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-created",)

    def __str__(self) -> str:
        return f"{self.name} of {self.user}"

    @classmethod
    def find(cls, token: str) -> ApiToken | None:
        """The row of a token as it was shown, whether it expired or not."""
        return cls.objects.select_related("user").filter(digest=hash_token(token)).first()

    @property
    def expired(self) -> bool:
        return self.expiry is not None and self.expiry <= timezone.now()

    @property
    def may_write(self) -> bool:
        return not self.scopes or self.WRITE in self.scopes

    def touch(self) -> None:
        """Remember that it was used, to the minute: a busy script must not cost a write for each call."""
        now = timezone.now()
        if self.last_used_at is None or now - self.last_used_at > timedelta(minutes=1):
            ApiToken.objects.filter(pk=self.pk).update(last_used_at=now)


@receiver((post_save, post_delete), sender=Membership)
def _ring_for_membership(sender: type[Membership], instance: Membership, signal: Any, **kwargs: Any) -> None:
    """Open sockets of this person hear of it; by signal, so that cascades and the admin ring too."""
    role = None if signal is post_delete else instance.role
    message = {"type": "access", "team": str(instance.team_id), "role": role}
    live.publish_on_commit(live.person_room(instance.user_id), message)


@receiver(user_logged_out)
def _ring_for_sign_out(sender: type[User], user: User | None, **kwargs: Any) -> None:
    """The sockets of that session close at once; those of the person's other sessions find that theirs still holds."""
    if user is not None:
        live.ask_again(user.pk)


@receiver(post_delete, sender=ApiToken)
def _ring_for_token(sender: type[ApiToken], instance: ApiToken, **kwargs: Any) -> None:
    live.ask_again(instance.user_id)
