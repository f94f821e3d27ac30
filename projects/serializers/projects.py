"""Projects, their members and label schema as the REST interface shows them."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from projects.access import Rank
from projects.attributes import KINDS, AttributeProblem, check, check_names
from projects.models import Label, Project, ProjectMembership, Role
from projects.models.project import Task, name_key
from projects.serializers.auth import PersonSerializer
from projects.serializers.fields import Choice


class AttributeSerializer(serializers.Serializer[Any]):
    """What annotators fill in for each object of a class."""

    name = serializers.CharField(max_length=60)
    kind = Choice(choices=KINDS, default="text")
    values = serializers.ListField(
        child=serializers.CharField(max_length=120), required=False, max_length=200, help_text="Of a select."
    )
    default = serializers.JSONField(required=False, help_text="What new shapes say; of the attribute's kind.")
    mutable = serializers.BooleanField(
        required=False, help_text="Whether it may change from frame to frame of a track."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        try:
            return check(attrs)
        except AttributeProblem as problem:
            raise serializers.ValidationError({problem.field: str(problem)}) from problem


class SkeletonSerializer(serializers.Serializer[Any]):
    """The named points of a pose, and the lines between them by index."""

    points = serializers.ListField(child=serializers.CharField(max_length=60), min_length=1, max_length=200)
    edges = serializers.ListField(
        child=serializers.ListField(child=serializers.IntegerField(min_value=0), min_length=2, max_length=2),
        required=False,
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        points = attrs["points"]
        if len(set(points)) < len(points):
            raise serializers.ValidationError({"points": "Two points have the same name."})
        if any(end >= len(points) for edge in attrs.get("edges", []) for end in edge):
            raise serializers.ValidationError({"edges": f"An edge names a point beyond the last, {len(points) - 1}."})
        return attrs


class LabelSerializer(serializers.ModelSerializer[Label]):
    name = serializers.CharField(max_length=120)
    color = serializers.RegexField(
        r"^#[0-9A-Fa-f]{6}\Z",
        required=False,
        help_text="#RRGGBB; by default the next of a palette that colour-blind people can tell apart.",
        error_messages={"invalid": "A colour looks like #E69F00."},
    )
    attributes = AttributeSerializer(many=True, required=False)
    skeleton = SkeletonSerializer(required=False, allow_null=True)
    aliases = serializers.ListField(child=serializers.CharField(max_length=120), required=False, max_length=50)

    class Meta:
        model = Label
        fields = ("id", "name", "color", "ordinal", "attributes", "skeleton", "aliases")
        read_only_fields = ("id", "ordinal")

    def validate_attributes(self, attributes: list[Any]) -> list[Any]:
        try:
            check_names(attributes)
        except AttributeProblem as problem:
            raise serializers.ValidationError(str(problem)) from problem
        return [dict(attribute) for attribute in attributes]

    def update(self, label: Label, wanted: dict[str, Any]) -> Label:
        for name, value in wanted.items():
            setattr(label, name, value)
        label.save()
        return label


class ProjectSerializer(serializers.ModelSerializer[Project]):
    team = serializers.UUIDField(source="team_id", read_only=True)
    labels = LabelSerializer(many=True, read_only=True)
    role = serializers.SerializerMethodField(help_text="The caller's role.")
    item_count = serializers.IntegerField(read_only=True)

    class Meta:
        model = Project
        fields = ("id", "team", "name", "description", "task", "labels", "role", "item_count", "created_at")
        read_only_fields = ("id", "task", "created_at")

    def get_role(self, project: Project) -> str:
        rank: Rank = self.context["ranks"].get(project.pk, Rank.NONE)
        return rank.name.lower()


class NewProjectSerializer(serializers.ModelSerializer[Project]):
    team = serializers.UUIDField(required=False, allow_null=True, help_text="By default the caller's own team.")
    task = Choice(choices=Task.choices, default=Task.DETECT)
    labels = LabelSerializer(many=True, required=False)

    class Meta:
        model = Project
        fields = ("team", "name", "description", "task", "labels")

    def validate_labels(self, labels: list[Any]) -> list[Any]:
        seen: set[str] = set()
        errors: list[dict[str, Any]] = []
        for label in labels:
            twice = name_key(label["name"]) in seen
            detail = serializers.ErrorDetail(
                f"There are two labels {label['name']!r}; upper and lower case are one.", "duplicate"
            )
            errors.append({"name": [detail]} if twice else {})
            seen.add(name_key(label["name"]))
        if any(errors):
            raise serializers.ValidationError(errors)
        return labels


class ChangeProjectSerializer(serializers.ModelSerializer[Project]):
    """What can be changed later; the task is chosen once, because labels and models are made for it."""

    class Meta:
        model = Project
        fields = ("name", "description")


class ProjectMemberSerializer(serializers.Serializer[Any]):
    """A person with a role in a project, by the project itself or by its team."""

    id = serializers.UUIDField(help_text="Of the membership.")
    user = PersonSerializer()
    role = Choice(choices=Role.choices)
    via = serializers.SerializerMethodField(help_text="`project`, or `team` for those who have it by the team.")
    created_at = serializers.DateTimeField()

    def get_via(self, member: Any) -> str:
        return "project" if isinstance(member, ProjectMembership) else "team"
