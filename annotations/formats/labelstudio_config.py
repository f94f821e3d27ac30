"""Label Studio's labelling interface, in XML: which controls there are, with which labels. Pure."""

from __future__ import annotations

from xml.etree.ElementTree import Element, ParseError, SubElement, indent, tostring

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from annotations.formats import common, values
from annotations.formats.base import Report
from annotations.formats.records import Label

_TAGS = {
    "rectanglelabels": "RectangleLabels",
    "polygonlabels": "PolygonLabels",
    "keypointlabels": "KeyPointLabels",
    "brushlabels": "BrushLabels",
    "videorectangle": "Labels",
    "choices": "Choices",
}
_ASKED = {"choices": "Choices", "textarea": "TextArea", "number": "Number"}
_NAMED = ("Label", "Choice")


class Controls:
    """Collects what a file's tasks use, and writes the interface that shows them."""

    def __init__(self) -> None:
        self._media: dict[bool, None] = {}
        self._used: dict[str, dict[str, None]] = {}
        self._asked: dict[tuple[str, str], None] = {}

    def medium(self, is_video: bool) -> None:
        self._media[is_video] = None

    def use(self, type_: str, label: str) -> str:
        """The name of the control with which somebody gave `label` by a result of `type_`."""
        self._used.setdefault(type_, {})[label] = None
        return type_.removesuffix("labels")

    def ask(self, type_: str, name: str) -> str:
        """The name of the control that asks for an attribute."""
        self._asked[type_, name] = None
        return name

    def written(self, labels: list[Label]) -> bytes:
        colors = {label.name: label.color for label in labels}
        view = Element("View")
        target = "video" if True in self._media and False not in self._media else "image"
        SubElement(view, target.title(), name=target, value=f"${target}")
        for type_, used in (self._used or {"rectanglelabels": {}}).items():
            _control(view, type_, target, [*colors, *(name for name in used if name not in colors)], colors)
        for type_, name in self._asked:
            _question(view, type_, name, target)
        indent(view)
        text: bytes = tostring(view, encoding="utf-8")
        return text + b"\n"

    @staticmethod
    def read(data: bytes, file: str, report: Report) -> list[Label]:
        """The labels of an interface, once each; an interface that cannot be read has none."""
        try:
            found = fromstring(data)
        except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
            report.change("config", f"The interface cannot be read: {type(error).__name__}.", file)
            return []
        labels: dict[str, Label] = {}
        asked = {each for each in found.iter("Choices") if each.get("perRegion") == "true"}
        inner = {choice for each in asked for choice in each}
        for element in found.iter():
            name = common.name_of(element.get("value"))
            if element.tag in _NAMED and name and element not in inner:
                color = values.hex_color(element.get("background") or "")
                labels.setdefault(name, Label(name, color))
        return list(labels.values())


def _control(view: Element, type_: str, target: str, names: list[str], colors: dict[str, str]) -> None:
    name = type_.removesuffix("labels")
    if type_ == "videorectangle":
        SubElement(view, "VideoRectangle", name=name, toName=target)
        name = "labels"
    control = SubElement(view, _TAGS[type_], name=name, toName=target)
    if type_ == "choices":
        control.set("choice", "multiple")
    for label in names:
        found = SubElement(control, "Choice" if type_ == "choices" else "Label", value=label)
        if colors.get(label):
            found.set("background", colors[label])


def _question(view: Element, type_: str, name: str, target: str) -> None:
    control = SubElement(view, _ASKED[type_], name=name, toName=target, perRegion="true")
    if type_ == "choices":
        for word in ("true", "false"):
            SubElement(control, "Choice", value=word)
