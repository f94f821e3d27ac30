"""XML from outside, element by element: no entities, no deep nesting, the line of what is wrong. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import IO, Any
from xml.etree.ElementTree import Element, ParseError
from xml.sax.saxutils import escape, quoteattr

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import iterparse

from annotations.formats.base import FormatError

_DEEPEST = 100
_LARGEST = 16 << 20
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def elements(stream: IO[bytes], file: str, wanted: Collection[str]) -> Iterator[Element]:
    """The elements of these names that lie in the root (or in no other wanted one), each forgotten after its turn.

    The root itself comes first, while it is still empty.

    Raises:
        FormatError: it is no XML, has entities of its own, or nests too deeply; names the line.
    """
    depth = inside = 0
    root: Element | None = None
    for event, element in _events(stream, file):
        if event == "start":
            depth += 1
            inside += element.tag in wanted
            if root is None:
                root = element
                yield root
            if depth > _DEEPEST:
                raise FormatError("xml", f"The XML nests more than {_DEEPEST} deep.", file)
            continue
        depth -= 1
        inside -= element.tag in wanted
        if element.tag in wanted and not inside:
            yield element
            element.clear()
        if depth == 1 and root is not None:
            root.clear()


def _events(stream: IO[bytes], file: str) -> Iterator[tuple[str, Element]]:
    try:
        yield from iterparse(stream, events=("start", "end"))
    except ParseError as error:
        what = str(error).split(":")[0]
        raise FormatError("xml", f"This is no valid XML: {what}.", file, f"line {error.position[0]}") from None
    except DefusedXmlException:
        detail = "The XML declares entities of its own, which can be used to attack: remove its DOCTYPE."
        raise FormatError("xml-entities", detail, file) from None
    except (LookupError, ValueError) as error:
        raise FormatError("xml", f"This is no valid XML: {error}.", file) from None


def whole(stream: IO[bytes], file: str) -> Element:
    """A small document's root. Raises: as `elements`, and for more than 16 MB."""
    counted = _Limited(stream, file)
    root: Element | None = None
    depth = 0
    for event, element in _events(counted, file):  # type: ignore[arg-type]
        root = element if root is None else root
        depth += 1 if event == "start" else -1
        if depth > _DEEPEST:
            raise FormatError("xml", f"The XML nests more than {_DEEPEST} deep.", file)
    if root is None:
        raise FormatError("xml", "This is no XML: it is empty.", file)
    return root


class _Limited:
    def __init__(self, stream: IO[bytes], file: str) -> None:
        self.stream, self.file, self.left = stream, file, _LARGEST

    def read(self, count: int = -1) -> bytes:
        data = self.stream.read(min(count if count > 0 else 1 << 16, 1 << 16))
        self.left -= len(data)
        if self.left < 0:
            raise FormatError("too-large", f"A file of more than {_LARGEST >> 20} MB for one picture.", self.file)
        return data


def text_of(element: Element | None, path: str = "") -> str:
    """The text of an element (below it at `path`), without blanks around; "" where it is not there."""
    found = element.find(path) if element is not None and path else element
    return (found.text or "").strip() if found is not None else ""


def tag(name: str, attributes: Mapping[str, Any], content: str = "") -> str:
    """One element; `content` is XML already.

    >>> tag("box", {"label": 'a "b"', "x": 1.5})
    '<box label=\\'a "b"\\' x="1.5"/>'
    """
    said = "".join(f" {key}={quoteattr(clean(str(value)))}" for key, value in attributes.items())
    return f"<{name}{said}>{content}</{name}>" if content else f"<{name}{said}/>"


def leaf(name: str, text: Any) -> str:
    """An element of text.

    >>> leaf("name", "a & b")
    '<name>a &amp; b</name>'
    """
    return f"<{name}>{escape(clean(str(text)))}</{name}>"


def clean(text: str) -> str:
    """Without characters that XML does not have."""
    return _NOT_XML.sub("", text)
