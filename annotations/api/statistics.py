"""`projects/{id}/statistics`: what the labels amount to."""

from __future__ import annotations

import uuid

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotations.figures import keeping, reading
from projects import access
from projects.models import Project


class StatisticsSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """See `annotations.figures.reading.statistics`."""

    at = serializers.DateTimeField(allow_null=True, help_text="When the last of it was counted.")
    complete = serializers.BooleanField(help_text="False while items wait to be counted: ask again.")
    items = serializers.IntegerField()
    labelled = serializers.IntegerField()
    shapes = serializers.IntegerField(help_text="Without suggestions that nobody has accepted; a track is one.")
    labels = serializers.ListField(
        child=serializers.DictField(), help_text="[{id, name, color, shapes, items, splits}]"
    )
    states = serializers.DictField(child=serializers.IntegerField())
    kinds = serializers.DictField(child=serializers.IntegerField())
    types = serializers.DictField(child=serializers.IntegerField())
    sources = serializers.DictField(child=serializers.IntegerField())
    splits = serializers.DictField(child=serializers.IntegerField(), help_text="Items by side; '' is not chosen yet.")
    areas = serializers.ListField(child=serializers.DictField(), help_text="[{to, count}]: shares of the picture.")
    aspects = serializers.ListField(child=serializers.DictField(), help_text="[{ratio, count}]: width / height.")
    per_item = serializers.ListField(child=serializers.DictField(), help_text="[{from, to, count}]: shapes of an item.")
    brightness = serializers.ListField(child=serializers.DictField(), help_text="[{from, to, count}]: mean luma.")
    sizes = serializers.ListField(child=serializers.DictField(), help_text="[{width, height, count}], frequent first.")
    heat = serializers.ListField(
        child=serializers.ListField(child=serializers.IntegerField()), help_text="Middles of shapes on a 16 x 16 grid."
    )
    pairs = serializers.ListField(child=serializers.DictField(), help_text="[{a, b, items}]: labels seen together.")


class Statistics(APIView):
    @extend_schema(operation_id="statistics_get", tags=["projects"], responses=StatisticsSerializer)
    def get(self, request: Request, project_id: uuid.UUID) -> Response:
        """Figures of all items and their shapes, as of now or of a moment ago."""
        project = access.fetch(Project.objects.all(), request.user, project_id)
        complete = keeping.freshen(project)
        return Response({"complete": complete, **reading.statistics(project)})
