"""What annotators fill in for each object of a class: `{name, kind, values?, default?, mutable?}`. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

KINDS = ("text", "number", "checkbox", "select")
LONGEST_NAME = 60
LONGEST_TEXT = 2000
MOST_ATTRIBUTES = 50
# Names that browsers and formats take for something else.
_UNSAFE = {"__proto__", "constructor", "prototype"}


class AttributeProblem(ValueError):
    """What is wrong with an attribute, and in which of its fields."""

    def __init__(self, field: str, detail: str) -> None:
        super().__init__(detail)
        self.field = field


def check(attribute: Mapping[str, Any]) -> dict[str, Any]:
    """A checked copy of one attribute, with only what its kind has.

    >>> check({"name": " colour ", "kind": "select", "values": ["red", "blue"], "default": "red"})
    {'name': 'colour', 'kind': 'select', 'values': ['red', 'blue'], 'default': 'red'}

    Raises:
        AttributeProblem: naming the field.
    """
    kind = attribute.get("kind", "text")
    checked: dict[str, Any] = {"name": _name(attribute.get("name")), "kind": kind}
    if kind not in KINDS:
        raise AttributeProblem("kind", f"A kind is one of {', '.join(KINDS)}.")
    if kind == "select":
        checked["values"] = _values(attribute.get("values"))
    default = attribute.get("default")
    if default is not None and default != "":
        _check_default(kind, default, checked.get("values", []))
        checked["default"] = default
    if attribute.get("mutable"):
        checked["mutable"] = True
    return checked


def check_names(attributes: list[dict[str, Any]]) -> None:
    """Raises: AttributeProblem when two have one name, or there are too many."""
    names = [attribute["name"].casefold() for attribute in attributes]
    double = next((name for name in names if names.count(name) > 1), None)
    if double is not None:
        raise AttributeProblem("name", f"Two attributes are called '{double}'.")
    if len(names) > MOST_ATTRIBUTES:
        raise AttributeProblem("name", f"A label has at most {MOST_ATTRIBUTES} attributes.")


def default_from(kind: str, text: str) -> Any:
    """The default that somebody typed; None for none.

    >>> default_from("number", "1.5"), default_from("checkbox", "on"), default_from("text", " ")
    (1.5, True, None)

    Raises:
        AttributeProblem: it is none of the kind.
    """
    text = text.strip()
    if not text:
        return None
    if kind == "checkbox":
        words = {"on": True, "yes": True, "true": True, "off": False, "no": False, "false": False}
        if text.lower() not in words:
            raise AttributeProblem("default", "A checkbox is on or off.")
        return words[text.lower()]
    if kind != "number":
        return text
    try:
        number = float(text)
    except ValueError:
        raise AttributeProblem("default", "Type a number, such as 1.5.") from None
    return int(number) if number.is_integer() and abs(number) < 2**53 else number


def default_text(default: Any) -> str:
    """A default as `default_from` reads it.

    >>> default_text(False), default_text(3), default_text(None)
    ('off', '3', '')
    """
    if isinstance(default, bool):
        return "on" if default else "off"
    return "" if default is None else str(default)


def _name(name: Any) -> str:
    if not isinstance(name, str) or not name.strip():
        raise AttributeProblem("name", "An attribute needs a name.")
    trimmed = " ".join(name.split())
    if len(trimmed) > LONGEST_NAME:
        raise AttributeProblem("name", f"A name has at most {LONGEST_NAME} characters.")
    if trimmed in _UNSAFE or "\x00" in trimmed:
        raise AttributeProblem("name", f"'{trimmed}' cannot be a name: choose another.")
    return trimmed


def _values(values: Any) -> list[str]:
    if not isinstance(values, list) or not values:
        raise AttributeProblem("values", "A select needs the values to choose from.")
    if not all(isinstance(value, str) and value.strip() and len(value) <= 120 for value in values):
        raise AttributeProblem("values", "A value is a text of at most 120 characters.")
    trimmed = [value.strip() for value in values]
    if len(set(trimmed)) < len(trimmed):
        raise AttributeProblem("values", "Two values are the same.")
    return trimmed


def _check_default(kind: str, default: Any, values: list[str]) -> None:
    number = isinstance(default, int | float) and not isinstance(default, bool)
    fits = {
        "checkbox": isinstance(default, bool),
        "number": number and math.isfinite(default) and abs(default) <= 1e15,
        "select": default in values,
        "text": isinstance(default, str) and len(default) <= LONGEST_TEXT and "\x00" not in default,
    }
    if not fits[kind]:
        wanted = {"checkbox": "true or false", "number": "a number", "select": f"one of {', '.join(values)}"}
        raise AttributeProblem("default", f"The default has to be {wanted.get(kind, 'a text')}.")
