"""What a call that imports brings along."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from annotations.imports.wishes import ALL_OR_NOTHING, CONFLICTS, MODES, SKIP, Wishes
from projects.problems import invalid

_SOURCES = ("file", "upload", "again")


class ImportSerializer(serializers.Serializer[Any]):
    file = serializers.FileField(required=False, help_text="An archive, or a single file of labels.")
    upload = serializers.UUIDField(required=False, help_text="A complete one of `projects/{id}/uploads`, instead.")
    again = serializers.UUIDField(
        required=False, help_text="An earlier import's job, such as a preview: its file again. Kept for a day."
    )
    format = serializers.CharField(max_length=40, default="auto", help_text="A name of `GET formats`, or auto.")
    mode = serializers.ChoiceField(
        choices=MODES,
        default=ALL_OR_NOTHING,
        help_text="`dry-run` only looks. `all-or-nothing` writes nothing if anything is refused; `best-effort` writes "
        "what can be taken, item by item.",
    )
    conflicts = serializers.ChoiceField(
        choices=CONFLICTS,
        default=SKIP,
        help_text="Items that have shapes: leave them alone, delete theirs first, or add to them. What is there "
        "already, exactly, is not added again.",
    )
    media = serializers.BooleanField(default=True, help_text="Pictures that the project lacks become items.")
    options = serializers.JSONField(default=dict, help_text="By name, as `GET formats` lists them; in a form as JSON.")
    labels = serializers.JSONField(
        default=dict,
        help_text="Name in the file to `{label: id}`, `{create: name}`, `{alias: id}` (which remembers the name) or "
        "`{ignore: true}`; in a form as JSON. The others go by name, then by alias, without case; else one is added.",
    )

    def validate(self, given: dict[str, Any]) -> dict[str, Any]:
        if sum(name in given for name in _SOURCES) != 1:
            raise invalid("/file", "Send one of file, upload and again.")
        for name in ("options", "labels"):
            if not isinstance(given[name], dict):
                raise invalid(f"/{name}", "This is an object, such as {}.")
        return given

    def wishes(self) -> Wishes:
        """The same, with where the file lies unless it came along."""
        given = dict(self.validated_data)
        given.pop("file", None)
        source = {name: str(given.pop(name)) for name in ("upload", "again") if name in given}
        return Wishes(source=source, **given)
