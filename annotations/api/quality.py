"""`projects/{id}/quality`: how well people and labels do."""

from __future__ import annotations

import uuid
from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotations.api.consensus import MOST_SHOWN
from annotations.models import Consensus
from annotations.serializers.quality import QualitySerializer
from annotations.work import consensus
from annotations.work.period import PeriodError, parse
from annotations.work.quality import LabelQuality, Person, quality
from projects import access
from projects.models import Project
from projects.problems import invalid

_END = "A day (YYYY-MM-DD, UTC) or a moment (RFC 3339)"


class Quality(APIView):
    @extend_schema(
        operation_id="quality",
        tags=["work"],
        responses=QualitySerializer,
        parameters=[
            OpenApiParameter("from", str, description=f"{_END}; all that there is if left out."),
            OpenApiParameter("to", str, description=f"{_END}; a day is included."),
        ],
    )
    def get(self, request: Request, project_id: uuid.UUID) -> Response:
        """Figures of people and labels: shapes, corrections, decisions, agreement, ground truth and active time.

        In a period count the shapes that were drawn in it, the edits and decisions made, the scores given, the
        sessions joined and the consensus begun (the newest 100); `open`, `in_review` and `approved` are as of now.
        """
        project = access.fetch(Project.objects.all(), request.user, project_id)
        try:
            period = parse(request.query_params)
        except PeriodError as error:
            raise invalid(f"/{error.name}", str(error)) from None
        rows = access.visible(Consensus.objects.filter(item__project=project), request.user)
        begun = rows.filter(**period.lookups("created_at")).select_related("item").order_by("-created_at")
        people, labels = quality(project, [consensus.report(row) for row in begun[:MOST_SHOWN]], period)
        return Response({"people": [_person(row) for row in people], "labels": [_label(row) for row in labels]})


def _person(row: Person) -> dict[str, Any]:
    said = {"id": str(row.user.pk), "name": row.user.name, "role": row.rank.name.lower()}
    counts = {"open": row.open, "in_review": row.in_review, "approved": row.approved_items, "shapes": row.shapes}
    judged = {
        "corrected_share": row.corrected_share,
        "sent_back_rate": row.sent_back_rate,
        "agreement_f1": row.agreement.f1 if row.agreement else None,
        "kappa": row.agreement.kappa if row.agreement else None,
        "truth_items": row.scored,
        "truth_precision": row.precision,
        "truth_recall": row.recall,
    }
    return {**said, **counts, "edits": row.edits, **_rounded(judged), "active_s": round(row.active_s, 1)}


def _label(row: LabelQuality) -> dict[str, Any]:
    judged = {
        "corrected_share": row.corrected_share,
        "agreement_f1": row.f1,
        "truth_precision": row.precision,
        "truth_recall": row.recall,
    }
    return {"id": str(row.label.pk), "name": row.label.name, "shapes": row.shapes, **_rounded(judged)}


def _rounded(figures: dict[str, Any]) -> dict[str, Any]:
    return {name: round(value, 4) if isinstance(value, float) else value for name, value in figures.items()}
