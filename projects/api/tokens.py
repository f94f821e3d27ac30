"""`auth/tokens`: named, expiring tokens for scripts."""

from __future__ import annotations

import uuid
from typing import Any

from django.http import Http404
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from rest_framework import generics
from rest_framework.request import Request
from rest_framework.response import Response

from projects import access
from projects.idempotency import idempotent
from projects.models import ApiToken
from projects.pagination import CursorPages
from projects.problems import Problem
from projects.serializers.auth import NewTokenSerializer, TokenSerializer


class _ByCreated(CursorPages):
    ordering = "-created"


@extend_schema_view(get=extend_schema(operation_id="tokens_list", tags=["auth"], summary="My API tokens"))
class Tokens(generics.ListAPIView[ApiToken]):
    serializer_class = TokenSerializer
    pagination_class = _ByCreated

    def get_queryset(self) -> Any:
        return access.own(ApiToken.objects.all(), self.request.user)

    @extend_schema(
        operation_id="tokens_create",
        tags=["auth"],
        request=TokenSerializer,
        responses={201: NewTokenSerializer},
        examples=[
            OpenApiExample(
                "Nightly export", {"name": "nightly export", "scopes": ["read"], "expires_at": "2030-01-01T00:00:00Z"}
            )
        ],
    )
    @idempotent(secrets=("token",))
    def post(self, request: Request) -> Response:
        """Make a token. Its secret is in this answer and nowhere else."""
        if isinstance(request.auth, ApiToken):
            detail = "An API token cannot make another one: sign in with your password (auth/login) for that."
            raise Problem(403, "token-by-token", detail)
        form = TokenSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        token, secret = ApiToken.objects.create(
            request.user, expiry=None, name=form.validated_data["name"], scopes=form.validated_data.get("scopes", [])
        )
        if form.validated_data.get("expiry"):
            token.expiry = form.validated_data["expiry"]
            token.save(update_fields=("expiry",))
        token.token = secret
        return Response(NewTokenSerializer(token).data, status=201)


class Token(generics.GenericAPIView[ApiToken]):
    serializer_class = TokenSerializer

    @extend_schema(operation_id="tokens_delete", tags=["auth"], responses={204: None})
    def delete(self, request: Request, token_id: uuid.UUID) -> Response:
        """Delete a token: whoever uses it is refused from now on."""
        deleted, _ = access.own(ApiToken.objects.filter(id=token_id), request.user).delete()
        if not deleted:
            raise Http404("No such API token.")
        return Response(status=204)
