"""Label Studio's tasks from pictures with shapes. Pure."""

from __future__ import annotations

from typing import Any

from annotations.formats import labelstudio_values, labelstudio_video
from annotations.formats.base import Abilities, Report
from annotations.formats.labelstudio_config import Controls
from annotations.formats.losses import fit
from annotations.formats.records import Picture, Shape

_SEEN = 2


class Writer:
    """Makes tasks, and notes which controls a project of Label Studio needs for them."""

    def __init__(self, abilities: Abilities, report: Report) -> None:
        self.abilities, self.report = abilities, report
        self.controls = Controls()

    def task(self, picture: Picture, url: str) -> dict[str, Any]:
        is_video = picture.frames is not None
        self.controls.medium(is_video)
        by_people: list[dict[str, Any]] = []
        by_model: dict[str, list[dict[str, Any]]] = {}
        for n, shape in enumerate(
            each for s in picture.shapes for each in fit(s, picture, self.abilities, self.report)
        ):
            into = by_model.setdefault(shape.author, []) if shape.source == "model" else by_people
            into += self._results(shape, picture, f"r{n + 1}")
        return {
            "data": _data(picture, url),
            "annotations": [{"result": by_people}] if by_people else [],
            "predictions": [{"model_version": name or "model", "result": found} for name, found in by_model.items()],
        }

    def _results(self, shape: Shape, picture: Picture, name: str) -> list[dict[str, Any]]:
        size = (picture.width, picture.height)
        base: dict[str, Any] = {"id": name, "to_name": "video" if picture.frames is not None else "image"}
        if shape.confidence is not None:
            base["score"] = shape.confidence
        if shape.geometry["type"] == "tag":
            regions = [self._tag(shape, picture, base)]
        elif not all(size):
            text = f"A {shape.geometry['type']} of {shape.label} has no place: the picture's size is not known."
            self.report.refuse("size-unknown", text, picture.path)
            return []
        else:
            base |= {"original_width": size[0], "original_height": size[1], "image_rotation": 0}
            regions = self._regions(shape, picture, base, size)
        if not regions:
            self.report.refuse("no-point", f"No point of {shape.label} is labelled.", picture.path)
            return []
        return regions + [self._attribute(base, key, value) for key, value in shape.attributes.items()]

    def _tag(self, shape: Shape, picture: Picture, base: dict[str, Any]) -> dict[str, Any]:
        if shape.frame is not None or shape.keyframes:
            text = f"The tag {shape.label} holds for the whole video in Label Studio."
            self.report.change("frame-lost", text, picture.path)
        value = {"choices": [shape.label]}
        return base | {"type": "choices", "from_name": self.controls.use("choices", shape.label), "value": value}

    def _regions(
        self, shape: Shape, picture: Picture, base: dict[str, Any], size: tuple[int, int]
    ) -> list[dict[str, Any]]:
        if picture.frames is not None:
            return [self._track(shape, picture, base, size)]
        if shape.geometry["type"] == "keypoints":
            return self._points(shape, base, size)
        kind, value = labelstudio_values.written(shape.geometry, size)
        return [self._region(f"{kind}labels", shape.label, base, value)]

    def _region(self, type_: str, label: str, base: dict[str, Any], value: dict[str, Any]) -> dict[str, Any]:
        named = {**value, type_ if type_ != "videorectangle" else "labels": [label]}
        return base | {"type": type_, "from_name": self.controls.use(type_, label), "value": named}

    def _points(self, shape: Shape, base: dict[str, Any], size: tuple[int, int]) -> list[dict[str, Any]]:
        """One region for each labelled point; what they have in common stands in `meta`, which Label Studio keeps."""
        points = shape.geometry["points"]
        if len(points) == 1 and points[0][2] == _SEEN:
            x, y, _ = points[0]
            return [self._region("keypointlabels", shape.label, base, labelstudio_values.point(x, y, size))]
        regions = []
        for n, (x, y, seen) in enumerate(points):
            if seen:
                meta = {"point": n, "points": len(points), "visibility": seen}
                own = base | {"id": f"{base['id']}-{n}", "parentID": base["id"], "meta": meta}
                regions.append(self._region("keypointlabels", shape.label, own, labelstudio_values.point(x, y, size)))
        return regions

    def _track(self, shape: Shape, picture: Picture, base: dict[str, Any], size: tuple[int, int]) -> dict[str, Any]:
        kinds = {k["geometry"]["type"] for k in (shape.keyframes or {}).values() if "geometry" in k}
        for kind in sorted({shape.geometry["type"], *kinds} - {"box", "rbox"}):
            self.report.change(f"{kind}-as-box", f"A track of {kind}s is written as boxes.", picture.path, shape.label)
        for name in ("occluded", "attributes"):
            if any(keyframe.get(name) for keyframe in (shape.keyframes or {}).values()):
                text = f"What is {name} on single frames is left out."
                self.report.change(f"{name}-by-frame-lost", text, picture.path, shape.label)
        value: dict[str, Any] = {"sequence": labelstudio_video.written(shape, size, picture.fps)}
        value["framesCount"] = picture.frames
        if picture.fps and picture.frames:
            value["duration"] = picture.frames / picture.fps
        if shape.number is not None:
            base = base | {"meta": {"number": shape.number}}
        return self._region("videorectangle", shape.label, base, value)

    def _attribute(self, base: dict[str, Any], name: str, value: Any) -> dict[str, Any]:
        """An answer of its own, to the region with the same id."""
        if isinstance(value, bool):
            type_, said = "choices", {"choices": [str(value).lower()]}
        elif isinstance(value, str):
            type_, said = "textarea", {"text": [value]}
        else:
            type_, said = "number", {"number": value}
        return base | {"type": type_, "from_name": self.controls.ask(type_, name), "value": said}


def _data(picture: Picture, url: str) -> dict[str, Any]:
    data: dict[str, Any] = {"video" if picture.frames is not None else "image": url}
    optional = {
        "width": picture.width or None,
        "height": picture.height or None,
        "split": picture.split or None,
        "frames": picture.frames,
        "fps": picture.fps,
        "of_video": picture.of_video or None,
        "frame": picture.frame,
    }
    return data | {name: value for name, value in optional.items() if value is not None}
