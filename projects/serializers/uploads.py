"""Uploads in pieces and their batches: what goes in, and for the description what comes out."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from projects.items import asset_json
from projects.models import Upload, UploadBatch
from projects.models.library import Kind
from projects.models.upload import BatchState, UploadState


class _ProblemSerializer(serializers.Serializer[Any]):
    code = serializers.CharField()
    detail = serializers.CharField(help_text="What is wrong and how to mend it.")


class _TwinSerializer(serializers.Serializer[Any]):
    item = serializers.UUIDField()
    path = serializers.CharField()


class UploadInPiecesSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    project = serializers.UUIDField()
    batch = serializers.UUIDField()
    name = serializers.CharField()
    path = serializers.CharField(help_text="The path that its item gets: the key in exports.")
    state = serializers.ChoiceField(choices=UploadState.choices)
    length = serializers.IntegerField(allow_null=True, help_text="Bytes; null while the client defers it.")
    offset = serializers.IntegerField(help_text="Bytes that are here, and stored.")
    at_once = serializers.BooleanField(help_text="Becomes an item without a review.")
    position = serializers.IntegerField()
    kind = serializers.ChoiceField(choices=Kind.choices, allow_null=True)
    width = serializers.IntegerField(allow_null=True)
    height = serializers.IntegerField(allow_null=True)
    frames = serializers.IntegerField(allow_null=True)
    thumbnail = serializers.CharField(allow_null=True, help_text="A signed address that expires.")
    notes = serializers.ListField(child=serializers.CharField(), help_text="What was changed on the way in.")
    duplicate_of = _TwinSerializer(allow_null=True, help_text="The project's item with this very file.")
    asset = serializers.UUIDField(allow_null=True)
    inspected = serializers.BooleanField(help_text="Looked into: what stays `complete` then is for an import.")
    notice = serializers.CharField(allow_blank=True, help_text="What is worth knowing, for people.")
    problem = _ProblemSerializer(allow_null=True, help_text="Why it was refused.")
    item = serializers.UUIDField(allow_null=True)
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()


class UploadBatchSerializer(serializers.ModelSerializer[UploadBatch]):
    counts = serializers.DictField(child=serializers.IntegerField(), help_text="Uploads by state.")
    state = serializers.ChoiceField(choices=BatchState.choices)

    class Meta:
        model = UploadBatch
        fields = ("id", "project", "name", "state", "counts", "created_at", "ended_at")


class NewBatchSerializer(serializers.ModelSerializer[UploadBatch]):
    class Meta:
        model = UploadBatch
        fields = ("name",)


class ChosenUploadsSerializer(serializers.Serializer[Any]):
    uploads = serializers.ListField(
        child=serializers.UUIDField(), required=False, help_text="Only these, in this order; else all of the batch."
    )


class CommittedSerializer(UploadBatchSerializer):
    items = serializers.ListField(child=serializers.UUIDField(), help_text="The new items, in order.")

    class Meta(UploadBatchSerializer.Meta):
        fields = (*UploadBatchSerializer.Meta.fields, "items")  # type: ignore[assignment]


def upload_json(upload: Upload, twin: Any = None) -> dict[str, Any]:
    """One upload, from a row of `staging.with_asset`; `twin` is the item of the project with the same file."""
    facts = asset_json(upload.asset) if upload.asset else {}
    names = ("kind", "width", "height", "frames", "thumbnail")
    return {
        "id": str(upload.pk),
        "project": str(upload.project_id),
        "batch": str(upload.batch_id),
        "name": upload.name,
        "path": upload.path,
        "state": upload.state,
        "length": upload.length,
        "offset": upload.offset,
        "at_once": upload.at_once,
        "position": upload.position,
        **{name: facts.get(name) for name in names},
        "notes": facts.get("notes", []),
        "duplicate_of": {"item": str(twin.pk), "path": twin.path} if twin else None,
        "asset": str(upload.asset_id) if upload.asset_id else None,
        "inspected": bool(upload.sha256),
        "notice": " ".join(_sentences(upload, facts.get("notes", []), twin)),
        "problem": upload.problem,
        "item": str(upload.item_id) if upload.item_id else None,
        "created_at": upload.created_at,
        "expires_at": upload.expires_at,
    }


def _sentences(upload: Upload, notes: list[str], twin: Any) -> list[str]:
    said = list(notes)
    if twin and upload.item:
        said.append("The project has an item with this very file already; the file is stored once.")
    elif twin:
        said.append(f"The project has this file already as {twin.path}.")
    if upload.item and upload.item.path != upload.path:
        said.append(f"The path was taken, so the item is called {upload.item.path}.")
    return said


def batch_json(batch: UploadBatch, counts: dict[str, int]) -> dict[str, Any]:
    return {
        "id": str(batch.pk),
        "project": str(batch.project_id),
        "name": batch.name,
        "state": batch.state,
        "counts": counts,
        "created_at": batch.created_at,
        "ended_at": batch.ended_at,
    }
