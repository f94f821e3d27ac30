"""Consensus and ground truth under /api/v1/."""

from __future__ import annotations

import uuid
from typing import Any

from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotations.models import Consensus, WorkRules
from annotations.protocol import Rejected
from annotations.serializers.consensus import (
    ConsensusListSerializer,
    GroundTruthSerializer,
    MarkedSerializer,
    MergedSerializer,
    StartConsensusSerializer,
    WorkRulesSerializer,
)
from annotations.work import agreement, assigning, consensus, truth
from annotations.work.agreement import Agreement
from annotations.work.consensus import ConsensusError, Report
from projects import access
from projects.access import Act
from projects.models import Item, Project
from projects.problems import Problem, invalid

_TAGS = ["work"]
MOST_SHOWN = 100


def figures(found: Agreement) -> dict[str, Any]:
    """The numbers of an agreement, rounded for people."""
    return {
        "mean_iou": _rounded(found.mean_iou),
        "f1": _rounded(found.f1),
        "kappa": _rounded(found.kappa),
        "matched": found.matched,
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def report_json(found: Report) -> dict[str, Any]:
    people = [
        {
            "id": str(copy.replica_for_id),
            "name": copy.replica_for.name if copy.replica_for else "",
            "copy": str(copy.pk),
            "state": copy.state,
            "shapes": copy.annotation_count if copy in found.done else None,
        }
        for copy in found.copies
    ]
    merged_at = found.consensus.merged_at
    return {
        "item": str(found.consensus.item_id),
        "path": found.consensus.item.path,
        "people": people,
        "pairs": [{"a": str(a), "b": str(b), **figures(pair)} for (a, b), pair in found.pairs.items()],
        "whole": figures(found.whole) if found.pairs else None,
        "merged_at": merged_at.isoformat() if merged_at else None,
    }


def label_rows(project: Project, whole: Agreement) -> list[dict[str, Any]]:
    """Agreement by label, in the schema's order."""
    return [
        {
            "id": str(label.pk),
            "name": label.name,
            "color": label.color,
            "drawn": part.drawn,
            "f1": _rounded(part.f1),
            "mean_iou": _rounded(part.mean_iou),
        }
        for label in project.labels.all()
        if (part := whole.by_label.get(str(label.pk))) is not None
    ]


class ProjectConsensus(APIView):
    """Items that several people label blind."""

    @extend_schema(operation_id="consensus_list", tags=_TAGS, responses=ConsensusListSerializer)
    def get(self, request: Request, project_id: uuid.UUID) -> Response:
        """How far the people of blind copies agree (reviewers): by item, pair and label; the newest 100 items."""
        project = access.fetch(Project.objects.all(), request.user, project_id, Act.REVIEW)
        rows = access.visible(Consensus.objects.filter(item__project=project), request.user)
        reports = [consensus.report(row) for row in rows.select_related("item").order_by("-created_at")[:MOST_SHOWN]]
        whole = agreement.pooled([pair for found in reports for pair in found.pairs.values()])
        return Response(
            {"results": [report_json(found) for found in reports], "labels": label_rows(project, whole), "next": None}
        )

    @extend_schema(
        operation_id="consensus_create",
        tags=_TAGS,
        request=StartConsensusSerializer,
        responses={201: ConsensusListSerializer},
    )
    def post(self, request: Request, project_id: uuid.UUID) -> Response:
        """Have items labelled by `k` of the people each, on blind copies (managers); without `k` by all of them.

        Those with the fewest copies come first. 400 for fewer than two people, or people who may not annotate.
        """
        project = access.fetch(Project.objects.all(), request.user, project_id, Act.MANAGE_PEOPLE)
        form = StartConsensusSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        wanted = form.validated_data
        items = access.visible(Item.objects.filter(project=project, pk__in=wanted["items"]), request.user)
        try:
            people = assigning.able(project, wanted["people"], "annotate")
            k = wanted.get("k") or len(people)
            started = consensus.start(project, items.order_by("path"), people, k, request.user)
        except (assigning.NotAble, ConsensusError) as error:
            raise invalid("/people", str(error)) from None
        results = [report_json(consensus.report(row)) for row in started[:MOST_SHOWN]]
        return Response({"results": results, "labels": [], "next": None}, 201)


def _fetch(request: Request, item_id: uuid.UUID, act: Act) -> Consensus:
    item = access.fetch(Item.objects.all(), request.user, item_id, act)
    row = access.visible(Consensus.objects.filter(item=item), request.user).select_related("item").first()
    if row is None:
        raise Problem(
            404, "no-consensus", "No blind copies were made of this item: POST projects/{id}/consensus makes them."
        )
    return row


class ItemConsensus(APIView):
    @extend_schema(operation_id="consensus_delete", tags=_TAGS, responses={204: None})
    def delete(self, request: Request, item_id: uuid.UUID) -> Response:
        """End an item's consensus (managers): its blind copies are deleted with what was drawn on them, for good.

        What was merged into the original stays.
        """
        consensus.stop(_fetch(request, item_id, Act.MANAGE_PEOPLE))
        return Response(status=204)


class Merge(APIView):
    """What most people drew, in the original item."""

    @extend_schema(
        operation_id="consensus_merge",
        tags=_TAGS,
        request=None,
        responses={200: MergedSerializer, 409: OpenApiResponse(description="It cannot be merged now: `detail`.")},
    )
    def post(self, request: Request, item_id: uuid.UUID) -> Response:
        """Write what at least half of the people drew into the original, for review (reviewers).

        409 while fewer than two have submitted, when it is merged already, or when there is nothing to merge.
        """
        row = _fetch(request, item_id, Act.REVIEW)
        return Response({"shapes": _refusing(consensus.merge)(row, request.user)})

    @extend_schema(operation_id="consensus_unmerge", tags=_TAGS, responses={204: None})
    def delete(self, request: Request, item_id: uuid.UUID) -> Response:
        """Take a merge back: one's own, or as a manager anybody's. What somebody has changed since stays."""
        _refusing(consensus.unmerge)(_fetch(request, item_id, Act.REVIEW), request.user)
        return Response(status=204)


def _refusing(act: Any) -> Any:
    """`act` with its refusals as 409."""

    def run(*args: Any) -> Any:
        try:
            return act(*args)
        except ConsensusError as error:
            raise Problem(409, "not-now", str(error)) from None
        except Rejected as refusal:
            raise Problem(409, refusal.code, refusal.detail) from None

    return run


class GroundTruth(APIView):
    """Items whose labels are the truth that people are scored by."""

    @extend_schema(operation_id="ground_truth", tags=_TAGS, request=GroundTruthSerializer, responses=MarkedSerializer)
    def post(self, request: Request, project_id: uuid.UUID) -> Response:
        """Make approved items ground truth, or plain again with `on: false` (managers).

        `refused` are those that are not approved; `detail` says how to mend that.
        """
        project = access.fetch(Project.objects.all(), request.user, project_id, Act.MANAGE_PEOPLE)
        form = GroundTruthSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        rows = access.visible(Item.objects.filter(project=project), request.user)
        marked, refused = truth.mark(rows.filter(pk__in=form.validated_data["items"]), form.validated_data["on"])
        detail = "Only approved items can be ground truth: approve them first." if refused else ""
        return Response(
            {"changed": [str(item.pk) for item in marked], "refused": [str(i.pk) for i in refused], "detail": detail}
        )


class Rules(APIView):
    """How a project hands out work."""

    @extend_schema(operation_id="work_rules_get", tags=_TAGS, responses=WorkRulesSerializer)
    def get(self, request: Request, project_id: uuid.UUID) -> Response:
        """The share of ground truth among what 'next item' gives (reviewers)."""
        project = access.fetch(Project.objects.all(), request.user, project_id, Act.REVIEW)
        row = access.visible(WorkRules.objects.filter(project=project), request.user).first()
        return Response(WorkRulesSerializer(row or WorkRules(project=project)).data)

    @extend_schema(
        operation_id="work_rules_change", tags=_TAGS, request=WorkRulesSerializer, responses=WorkRulesSerializer
    )
    def patch(self, request: Request, project_id: uuid.UUID) -> Response:
        """Change the share of ground truth among what 'next item' gives (managers)."""
        project = access.fetch(Project.objects.all(), request.user, project_id, Act.EDIT_PROJECT)
        form = WorkRulesSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        row, _ = access.visible(WorkRules.objects.all(), request.user).update_or_create(
            project=project, defaults=form.validated_data
        )
        return Response(WorkRulesSerializer(row).data)
