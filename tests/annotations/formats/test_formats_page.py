"""docs/formats.md says what each format can carry and which choices it has, exactly as the registry does."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from annotations.formats.base import GEOMETRIES, Format, Option
from annotations.formats.registry import formats

PAGE = Path(__file__).parents[3] / "docs" / "formats.md"
MEND = "run this test with FRAMELOOP_WRITE_GUIDE=1 to write it into docs/formats.md"
SHAPES = {
    "box": "box",
    "rbox": "rotated box",
    "polygon": "polygon",
    "polyline": "line",
    "keypoints": "keypoints",
    "mask": "mask",
    "tag": "tag",
}
REST = {
    "tracks": "tracks",
    "attributes": "attributes",
    "confidence": "confidence",
    "groups": "groups",
    "order": "order",
    "splits": "splits",
    "skeletons": "skeletons",
}
USES = {"read": "import", "write": "export", "both": "both"}


def ordered() -> list[Format]:
    """Ours first, then by title."""
    return sorted(formats().values(), key=lambda form: (not form.abilities.own, form.title.lower()))


def table() -> str:
    head = ["format", *SHAPES.values(), *REST.values()]
    rows = [head, ["---"] * len(head), *(row(form) for form in ordered())]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in rows)


def row(form: Format) -> list[str]:
    able = form.abilities
    yes = [kind in able.geometries for kind in SHAPES] + [getattr(able, name) for name in REST]
    return [f"[{form.title}](#{anchor(form.title)})", *("✓" if each else "" for each in yes)]


def anchor(title: str) -> str:
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


def choices(form: Format) -> str:
    if not form.options:
        return "No choices."
    rows = [["choice", "for", "values", ""], ["---"] * 4, *(option_row(option) for option in form.options)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in rows)


def option_row(option: Option) -> list[str]:
    named = option.choices or ((True, "yes"), (False, "no"))
    said = [f"**{title}**" if value == option.default else title for value, title in named]
    return [f"{option.title} (`{option.name}`)", USES[option.use], "; ".join(said), option.help]


def parts() -> dict[str, str]:
    """What stands between a pair of marks of the page, by the marks' name."""
    return {"table": table(), **{f"choices {form.name}": choices(form) for form in ordered()}}


def mark(name: str) -> tuple[str, str]:
    return f"<!-- {name} -->\n", f"\n<!-- end of {name} -->"


@pytest.mark.parametrize("name", parts())
def test_the_page_says_what_the_registry_says(name):
    text, (start, end) = PAGE.read_text(), mark(name)
    assert text.count(start) == text.count(end) == 1, f"docs/formats.md needs {start!r} and {end!r} around a part"
    before, _, rest = text.partition(start)
    found, _, after = rest.partition(end)
    wanted = parts()[name]
    if os.environ.get("FRAMELOOP_WRITE_GUIDE"):
        PAGE.write_text(before + start + wanted + end + after)
    else:
        assert found == wanted, MEND


def test_each_format_has_a_section_and_nothing_else_has():
    sections = re.findall(r"^### (.+)$", PAGE.read_text(), re.MULTILINE)
    assert sections == [form.title for form in ordered()]


def test_the_table_knows_every_kind_of_shape():
    assert set(SHAPES) == set(GEOMETRIES)
