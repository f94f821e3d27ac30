"""`projects/{id}/exports`, `projects/{id}/conversions` and `formats`: labels on their way out."""

from __future__ import annotations

import uuid
from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotations.exports import conversions, exporting
from annotations.exports.filters import FilterError
from annotations.exports.sources import SourceError
from annotations.formats.base import Format, FormatError, Option
from annotations.formats.registry import formats
from projects import access
from projects.access import Act
from projects.idempotency import idempotent
from projects.models import Project
from projects.problems import Problem, invalid
from projects.serializers.jobs import JobSerializer
from projects.uploads.protocol import TusError

_TAGS = ["data in and out"]


class ExportSerializer(serializers.Serializer[Any]):
    format = serializers.CharField(max_length=40, help_text="A name of `GET formats` with `write`.")
    options = serializers.DictField(required=False, default=dict, help_text="By name, as `GET formats` lists them.")
    version = serializers.UUIDField(required=False, allow_null=True, help_text="A frozen version instead of now.")
    filters = serializers.DictField(
        required=False,
        default=dict,
        help_text="`{labels, states, splits, authors, sources, items: [...], confidence: {min, max}, only_labelled, "
        "suggestions, frames: 'drawn'|'seen'}`; all by default. Suggestions are left out unless asked for.",
    )
    media = serializers.BooleanField(required=False, default=False, help_text="Bring the pictures' files along.")


_EXAMPLE = OpenApiExample(
    "Approved work for a trainer", {"format": "coco", "filters": {"states": ["approved"]}, "media": True}
)


class Exports(APIView):
    @extend_schema(
        operation_id="exports_create",
        tags=_TAGS,
        request=ExportSerializer,
        responses={202: JobSerializer},
        examples=[_EXAMPLE],
    )
    @idempotent
    def post(self, request: Request, project_id: uuid.UUID) -> Response:
        """Export a project's labels (everybody in it), as of one moment, while people go on labelling.

        The job's `result` is `{export, url, name, size, format, counts, losses, expires_at}`: `url` is a signed link
        to the zip that is good for an hour, and made anew with each `GET jobs/{id}` until `expires_at`; `losses` says
        what the format could not carry, and so does `losses.txt` in the archive, where anything was lost.
        """
        project = access.fetch(Project.objects.all(), request.user, project_id)
        form = ExportSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        wanted = form.validated_data
        version = wanted.pop("version", None)
        params = {**wanted, **({"version": str(version)} if version else {})}
        try:
            job = exporting.start(project, params, request.user)
        except FormatError as error:
            raise refusal(error) from None
        except FilterError as error:
            raise invalid(f"/filters{error.pointer}", error.detail) from None
        except SourceError as error:
            if error.code == "no-version":
                raise Problem(404, error.code, error.detail) from None
            raise invalid(error.pointer, error.detail, error.code) from None
        return Response(JobSerializer(job).data, 202)


class ConversionSerializer(serializers.Serializer[Any]):
    file = serializers.FileField(required=False, help_text="An archive, or a single file of labels.")
    upload = serializers.UUIDField(required=False, help_text="Of `projects/{id}/uploads`, instead of a file.")
    format = serializers.CharField(max_length=40, default="auto", help_text="What it is in; told by itself.")
    to = serializers.CharField(max_length=40, help_text="A name of `GET formats` with `write`.")
    options = serializers.JSONField(default=dict, help_text="Of the format that is written.")
    read_options = serializers.JSONField(default=dict, help_text="Of the format that is read, where it is named.")
    media = serializers.BooleanField(default=True, help_text="Take the pictures' files over.")

    def validate(self, given: dict[str, Any]) -> dict[str, Any]:
        if ("file" in given) is ("upload" in given):
            raise invalid("/file", "Send either a file or the id of an upload.")
        for name in ("options", "read_options"):
            if not isinstance(given[name], dict):
                raise invalid(f"/{name}", "Options are an object, such as {}.")
        return given


class Conversions(APIView):
    @extend_schema(
        operation_id="conversions_create",
        tags=_TAGS,
        request={"multipart/form-data": ConversionSerializer, "application/json": ConversionSerializer},
        responses={202: JobSerializer},
    )
    @idempotent
    def post(self, request: Request, project_id: uuid.UUID) -> Response:
        """Write an archive in another format (annotators), without touching the project that it is sent to.

        The job's `result` is as that of an export, with `from`: the format that was read. `format-unclear` is the
        error's code where it fits several formats or none: name one.
        """
        project = access.fetch(Project.objects.all(), request.user, project_id, Act.ANNOTATE)
        form = ConversionSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        wanted = form.validated_data
        file = wanted.pop("file", None)
        if "upload" in wanted:
            wanted["upload"] = str(wanted["upload"])
        try:
            job = conversions.start(project, wanted, file, request.user)
        except FormatError as error:
            raise refusal(error) from None
        except TusError as error:
            raise Problem(error.status, error.code, error.detail) from None
        return Response(JobSerializer(job).data, 202)


def refusal(error: FormatError) -> Exception:
    """A format or an option that is not there, as the interface says it."""
    return invalid("/options" if error.code == "option" else "/format", error.detail, error.code)


_FORMATS = inline_serializer(
    "FormatList",
    {
        "results": serializers.ListField(child=serializers.DictField()),
        "next": serializers.CharField(allow_null=True),
    },
)


class Formats(APIView):
    @extend_schema(operation_id="formats_list", tags=_TAGS, responses=_FORMATS)
    def get(self, request: Request) -> Response:
        """The formats that labels can be read from and written to: what each can carry, and its options.

        `{name, title, help, abilities: {geometries: [...], tracks, attributes, confidence, groups, order, splits,
        skeletons, empty_pictures, own}, options: [{name, title, default, choices: [{value, title}], help, use}],
        read, write}`; an option without choices is yes or no, `use` is "read", "write" or "both".
        """
        return Response({"results": [format_json(each) for each in formats().values()], "next": None})


def format_json(form: Format) -> dict[str, Any]:
    has = form.abilities
    flags = ("tracks", "attributes", "confidence", "groups", "order", "splits", "skeletons", "empty_pictures", "own")
    return {
        "name": form.name,
        "title": form.title,
        "help": form.help,
        "abilities": {"geometries": sorted(has.geometries), **{flag: getattr(has, flag) for flag in flags}},
        "options": [_option_json(option) for option in form.options],
        "read": getattr(form, "reads", True),
        "write": getattr(form, "writes", True),
    }


def _option_json(option: Option) -> dict[str, Any]:
    return {
        "name": option.name,
        "title": option.title,
        "default": option.default,
        "choices": [{"value": value, "title": title} for value, title in option.choices],
        "help": option.help,
        "use": option.use,
    }
