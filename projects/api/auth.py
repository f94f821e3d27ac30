"""`auth/`: sign up, sign in, refresh, sign out, who am I."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth import authenticate
from django.db import IntegrityError, transaction
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.tokens import RefreshToken
from rest_framework_simplejwt.utils import get_md5_hash_password

from projects import lockout
from projects.models import Invitation, User
from projects.models.people import InvitationRefused
from projects.problems import Problem, invalid
from projects.serializers.auth import (
    PairSerializer,
    PersonSerializer,
    RefreshSerializer,
    RegisteredSerializer,
    RegisterSerializer,
    SignInSerializer,
)
from projects.throttles import RegisterThrottle, SignInThrottle

_TAGS = ["auth"]
_ALICE = {"email": "alice@example.org", "password": "a long enough password"}


def _pair(user: User) -> dict[str, str]:
    refresh = RefreshToken.for_user(user)
    return {"access": str(refresh.access_token), "refresh": str(refresh)}


class _Open(APIView):
    """For people who are not signed in: credentials sent along are not even looked at."""

    authentication_classes = ()
    permission_classes = (AllowAny,)

    def get_authenticate_header(self, request: Request) -> str:
        return "Bearer"


class Register(_Open):
    throttle_classes = (RegisterThrottle,)

    @extend_schema(
        operation_id="auth_register",
        tags=_TAGS,
        request=RegisterSerializer,
        responses={201: RegisteredSerializer},
        examples=[OpenApiExample("Alice", {**_ALICE, "name": "Alice"}, request_only=True)],
    )
    def post(self, request: Request) -> Response:
        """Make an account, and the team of one's own that belongs to it."""
        form = RegisterSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        wanted = form.validated_data
        invitation = _invitation(wanted["invitation"])
        if not settings.OPEN_SIGN_UP and invitation is None:
            raise Problem(403, "sign-up-closed", "Sign-up is closed here: ask a team's manager for an invitation link.")
        try:
            with transaction.atomic():
                user = User.objects.create_user(wanted["email"], wanted["password"], name=wanted["name"])
                if invitation:
                    invitation.accept(user)
        except IntegrityError:
            raise invalid("/email", "This address has an account already: sign in instead.", "taken") from None
        return Response({"user": PersonSerializer(user).data, **_pair(user)}, status=201)


def _invitation(token: str) -> Invitation | None:
    if not token:
        return None
    try:
        found = Invitation.find(token)
        found.check_open()
    except InvitationRefused as refused:
        raise invalid("/invitation", refused.detail, refused.code) from None
    return found


class SignIn(_Open):
    throttle_classes = (SignInThrottle,)

    @extend_schema(
        operation_id="auth_login",
        tags=_TAGS,
        request=SignInSerializer,
        responses=PairSerializer,
        examples=[OpenApiExample("Alice", _ALICE, request_only=True)],
    )
    def post(self, request: Request) -> Response:
        """A short-lived access token and a refresh token, for email and password."""
        form = SignInSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        email = form.validated_data["email"]
        user = authenticate(request._request, username=email, password=form.validated_data["password"])
        if isinstance(user, User):
            return Response(_pair(user))
        wait = lockout.wait_s(request._request, email)
        if wait:
            raise _locked(wait)
        raise AuthenticationFailed("The email or the password is wrong.", "wrong-password")


def _locked(wait: int) -> Problem:
    problem = Problem(429, "locked-out", lockout.sentence(wait))
    problem.wait = wait  # type: ignore[attr-defined]  # becomes the Retry-After header
    return problem


def _refresh_token(request: Request) -> RefreshToken:
    form = RefreshSerializer(data=request.data)
    form.is_valid(raise_exception=True)
    try:
        return RefreshToken(form.validated_data["refresh"])
    except TokenError:
        raise AuthenticationFailed(
            "This refresh token is expired, used or revoked: sign in again.", "token_invalid"
        ) from None


class Refresh(_Open):
    throttle_classes = (SignInThrottle,)

    @extend_schema(operation_id="auth_refresh", tags=_TAGS, request=RefreshSerializer, responses=PairSerializer)
    def post(self, request: Request) -> Response:
        """A new pair of tokens; the refresh token that was sent cannot be used again."""
        old = _refresh_token(request)
        user = User.objects.filter(pk=old["user_id"], is_active=True).first()
        if user is None or old.get("hash_password") != get_md5_hash_password(user.password):
            raise AuthenticationFailed("The account or its password changed: sign in again.", "token_revoked")
        _, first_use = old.blacklist()
        if not first_use:  # two at once: only one of them gets the next pair
            raise AuthenticationFailed("This refresh token was used already: sign in again.", "token_invalid")
        return Response(_pair(user))


class SignOut(_Open):
    @extend_schema(operation_id="auth_logout", tags=_TAGS, request=RefreshSerializer, responses={204: None})
    def post(self, request: Request) -> Response:
        """Revoke a refresh token. The access token made with it ends by itself within half an hour."""
        _refresh_token(request).blacklist()
        return Response(status=204)


class Me(APIView):
    @extend_schema(operation_id="auth_me", tags=_TAGS, responses=PersonSerializer)
    def get(self, request: Request) -> Response:
        """The person who is signed in."""
        return Response(PersonSerializer(request.user).data)

    @extend_schema(operation_id="auth_rename", tags=_TAGS, request=PersonSerializer, responses=PersonSerializer)
    def patch(self, request: Request) -> Response:
        """Change one's name."""
        form: Any = PersonSerializer(request.user, data=request.data, partial=True)
        form.is_valid(raise_exception=True)
        form.save()
        return Response(form.data)
