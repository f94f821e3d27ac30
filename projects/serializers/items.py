"""Items, assets and uploads: what goes in, and for the description what comes out (see `projects.items`)."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from projects.models import Item
from projects.models.item import Split, State
from projects.models.library import Kind


class _FactsSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    kind = serializers.ChoiceField(choices=Kind.choices)
    width = serializers.IntegerField(help_text="Pixels of the upright picture.")
    height = serializers.IntegerField()
    frames = serializers.IntegerField(help_text="1 for an image.")
    fps = serializers.FloatField(allow_null=True, help_text="Average; null for an image.")
    thumbnail = serializers.CharField(allow_null=True, help_text="A signed address that expires.")


class ItemSerializer(_FactsSerializer):
    path = serializers.CharField(help_text="The key in imports and exports.")
    state = serializers.ChoiceField(choices=State.choices)
    rev = serializers.IntegerField()
    split = serializers.ChoiceField(choices=Split.choices, allow_blank=True)
    annotation_count = serializers.IntegerField()
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()
    picture = serializers.CharField(allow_null=True, help_text="A signed address of the full picture of an image.")
    preview = serializers.CharField(
        allow_null=True, help_text="Of a picture above 40 megapixels: a signed address of a small one; see its tiles."
    )
    project = serializers.UUIDField()
    asset = serializers.UUIDField()


class AddedItemSerializer(ItemSerializer):
    duplicate_of = serializers.UUIDField(
        required=False, help_text="An item of this project that shows the same file already."
    )
    notice = serializers.CharField(required=False, help_text="What was changed or is worth knowing, for people.")


class UploadSerializer(serializers.Serializer[Any]):
    """multipart/form-data."""

    file = serializers.FileField(help_text="One image or video.")
    path = serializers.CharField(required=False, max_length=500, help_text="Its relative path; its name by default.")


class LinkSerializer(serializers.Serializer[Any]):
    """A file that the team has already, as a new item with labels of its own: name one of the two."""

    asset = serializers.UUIDField(required=False)
    item = serializers.UUIDField(required=False)
    path = serializers.CharField(required=False, max_length=500, allow_blank=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("asset" in attrs) == ("item" in attrs):
            raise serializers.ValidationError(
                "Send a file as multipart/form-data in the field `file`, or name one of `asset` and `item`.", "one-of"
            )
        return attrs


class ChangeItemSerializer(serializers.ModelSerializer[Item]):
    class Meta:
        model = Item
        fields = ("state", "split", "path")


class AssetSerializer(_FactsSerializer):
    name = serializers.CharField()
    size = serializers.IntegerField(help_text="Bytes of the original.")
    content_type = serializers.CharField()
    sha256 = serializers.CharField()
    notes = serializers.ListField(child=serializers.CharField())
    created_at = serializers.DateTimeField()
