"""Sign-up, sign-in and API tokens as the REST interface shows them."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.utils import timezone
from rest_framework import serializers

from projects.models import ApiToken, User
from projects.serializers.fields import Choice


class PersonSerializer(serializers.ModelSerializer[User]):
    class Meta:
        model = User
        fields = ("id", "email", "name", "created_at")
        read_only_fields = ("id", "email", "created_at")


class RegisterSerializer(serializers.Serializer[Any]):
    email = serializers.EmailField(max_length=254)
    password = serializers.CharField(max_length=256, trim_whitespace=False, write_only=True)
    name = serializers.CharField(max_length=120, required=False, default="")
    invitation = serializers.CharField(
        max_length=64, required=False, default="", help_text="An invitation's token; it opens a closed sign-up."
    )

    def validate_email(self, email: str) -> str:
        email = email.lower()
        if User.objects.filter(email=email).exists():
            raise serializers.ValidationError("This address has an account already: sign in instead.", "taken")
        return email

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        who = User(email=attrs["email"], name=attrs["name"])
        try:
            validate_password(attrs["password"], who)
        except Exception as error:
            raise serializers.ValidationError({"password": getattr(error, "messages", [str(error)])}) from None
        return attrs


class SignInSerializer(serializers.Serializer[Any]):
    email = serializers.CharField(max_length=254)
    password = serializers.CharField(max_length=256, trim_whitespace=False, write_only=True)


class RefreshSerializer(serializers.Serializer[Any]):
    refresh = serializers.CharField(max_length=2000)


class PairSerializer(serializers.Serializer[Any]):
    access = serializers.CharField(read_only=True)
    refresh = serializers.CharField(read_only=True)


class RegisteredSerializer(PairSerializer):
    user = PersonSerializer(read_only=True)


class TokenSerializer(serializers.ModelSerializer[ApiToken]):
    """An API token without its secret."""

    scopes = serializers.ListField(
        child=Choice(choices=[ApiToken.READ, ApiToken.WRITE]),
        required=False,
        help_text="Empty: all that its person may do. `read` alone limits it to reading.",
    )
    expires_at = serializers.DateTimeField(source="expiry", required=False, allow_null=True)
    created_at = serializers.DateTimeField(source="created", read_only=True)

    class Meta:
        model = ApiToken
        fields = ("id", "name", "scopes", "created_at", "expires_at", "last_used_at")
        read_only_fields = ("id", "last_used_at")

    def validate_expires_at(self, moment: Any) -> Any:
        if moment is not None and moment <= timezone.now():
            raise serializers.ValidationError("This time is over: choose one in the future, or none.")
        return moment


class NewTokenSerializer(TokenSerializer):
    token = serializers.CharField(read_only=True, help_text="Shown this once.")

    class Meta(TokenSerializer.Meta):
        fields = (*TokenSerializer.Meta.fields, "token")
