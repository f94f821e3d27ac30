"""Label Studio's results of one annotation: regions with what belongs to them become shapes. Pure."""

from __future__ import annotations

from typing import Any

from annotations.formats import common, labelstudio_values, labelstudio_video, values
from annotations.formats.base import Report
from annotations.formats.labelstudio_values import READ, Size, kind_of
from annotations.formats.records import Geometry, Shape
from annotations.formats.values import Wrong

_VIDEO = "videorectangle"
_EXTRAS = {"choices": "choices", "textarea": "text", "number": "number", "rating": "rating", "datetime": "datetime"}
"""Types that say something of a region or of the picture, and the field of the value that says it."""
_TRUTH = {"true": True, "false": False}


class Results:
    def __init__(self, size: Size, report: Report, file: str, where: str) -> None:
        self.size, self.report, self.file, self.where = size, report, file, where

    def shapes(self, found: list[Any], score: Any = None) -> list[Shape]:
        """Shapes in the order of their first results; `score` is of those without one of their own."""
        groups: dict[str, list[dict[str, Any]]] = {}
        for n, each in enumerate(found):
            with values.refusing(self.report, "result", self.file, f"{self.where}.result[{n}]"):
                self._sort(values.mapping(each, "a result"), n, groups)
        parents = {str(each["parentID"]) for each in found if isinstance(each, dict) and each.get("parentID")}
        shapes = []
        for name, members in groups.items():
            with values.refusing(self.report, "shape", self.file, f"{self.where}.result, id {name}"):
                shapes += self._made(
                    members, score, str(members[0].get("parentID") or "") or (name in parents and name)
                )
        return shapes

    def _sort(self, result: dict[str, Any], n: int, groups: dict[str, list[dict[str, Any]]]) -> None:
        """Put a result to the others of its region; the points of one shape know the first of them."""
        if result.get("type") == "relation":
            self.report.note("relation", "A relation between two regions was left out.", self.file, self.where)
            return
        if not isinstance(result.get("type"), str):
            raise Wrong(f"type is {values.short(result.get('type'))}: a text is needed")
        values.mapping(result.get("value"), "value")
        first = result.get("parentID") if "point" in _meta(result) else None
        groups.setdefault(str(first or result.get("id") or f"#{n}"), []).append(result)

    def _made(self, members: list[dict[str, Any]], score: Any, group: str | bool) -> list[Shape]:
        regions = [each for each in members if kind_of(each["type"]) in READ or each["type"] == _VIDEO]
        extras = [each for each in members if each["type"] in _EXTRAS]
        confidence = self._confidence(members[0].get("score", score))
        if not regions:
            return self._tags(extras, members, confidence)
        region = regions[0]
        shape = Shape(self._label(members), {}, self._attributes(extras), confidence=confidence)
        number = _meta(region).get("number")
        shape.number = number if type(number) is int and number >= 0 else None
        shape.group = str(group) if group and len(regions) == 1 else None
        shape.geometry, shape.keyframes = self._geometry(regions)
        return [shape]

    def _confidence(self, score: Any) -> float | None:
        """A model may score as it likes: only shares of 1 are taken."""
        if score is None or 0 <= (common.finite(score) or 0) <= 1:
            return common.finite(score)
        self.report.change("score", f"The score {values.short(score)} is not from 0 to 1.", self.file, self.where)
        return None

    def _label(self, members: list[dict[str, Any]]) -> str:
        names = [
            label for each in members if each["type"] not in _EXTRAS for label in labelstudio_values.labels_of(each)
        ]
        unlike = list(dict.fromkeys(names))
        if not unlike:
            raise Wrong("the region has no label")
        if len(unlike) > 1:
            text = f"A region has the labels {', '.join(unlike)}: the first was taken."
            self.report.change("several-labels", text, self.file, self.where)
        return unlike[0]

    def _geometry(self, regions: list[dict[str, Any]]) -> tuple[Geometry, labelstudio_video.Keyframes | None]:
        region = regions[0]
        if not self.size[0] or not self.size[1]:
            text = "the picture's size is not known, and all places are in percent of it"
            raise Wrong(f"{text}: put the picture or video into the archive")
        if region["type"] == _VIDEO:
            keyframes = labelstudio_video.read(region["value"], self.size)
            return keyframes[min(keyframes)]["geometry"], keyframes
        if "point" in _meta(region):
            return self._points(regions), None
        kind = kind_of(region["type"])
        geometry = values.geometry(READ[kind](region["value"], self.size))
        if kind == "ellipse":
            self.report.change("ellipse", "An ellipse became a polygon of 64 corners.", self.file, self.where)
        return geometry, None

    def _points(self, regions: list[dict[str, Any]]) -> Geometry:
        """Keypoints that were written one by one; those that are not there were not labelled."""
        count = values.whole(_meta(regions[0]).get("points"), "meta.points", 1)
        points: list[list[float]] = [[0, 0, 0] for _ in range(min(count, 1000))]
        for each in regions:
            at = values.whole(_meta(each).get("point"), "meta.point")
            if at < len(points):
                x, y, _ = READ["keypoint"](each["value"], self.size)["points"][0]
                points[at] = [x, y, values.whole(_meta(each).get("visibility", 2), "meta.visibility")]
        return values.geometry({"type": "keypoints", "points": points})

    def _tags(
        self, extras: list[dict[str, Any]], members: list[dict[str, Any]], confidence: float | None
    ) -> list[Shape]:
        chosen = next((each for each in extras if each["type"] == "choices"), None)
        if chosen is None:
            raise Wrong(f"type is {values.short(members[0]['type'])}, which cannot be taken")
        names = [values.text(name, "a choice") for name in values.listing(chosen["value"].get("choices"), "choices")]
        attributes = self._attributes([each for each in extras if each is not chosen])
        return [Shape(name, {"type": "tag"}, dict(attributes), confidence=confidence) for name in names]

    def _attributes(self, extras: list[dict[str, Any]]) -> dict[str, Any]:
        found = {}
        for each in extras:
            value = each["value"].get(_EXTRAS[each["type"]])
            if isinstance(value, list):
                value = ", ".join(map(str, value))
            if each["type"] == "choices" and isinstance(value, str):
                value = _TRUTH.get(value, value)
            found[values.text(each.get("from_name"), "from_name")] = value
        plain, others = values.scalars(found, "attributes")
        if others:
            text = f"The attribute {others[0]!r} is neither a text, a number, nor true or false."
            self.report.change("attribute", text, self.file, self.where)
        return plain


def _meta(result: dict[str, Any]) -> dict[str, Any]:
    meta = result.get("meta")
    return meta if isinstance(meta, dict) else {}
