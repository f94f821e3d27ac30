"""The guide for labellers names every key that the editor has, as the editor's own help names it, and no other."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from projects.intake import intake
from tests.browser.editor_page import EditorPage
from tests.browser.pictures import numbered_video

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "labelling.md"
BEGIN, END = "<!-- keys: written by tests/browser/test_guide.py -->\n", "<!-- end of keys -->\n"
HELP = """() => [...document.querySelectorAll(".ed-help section")].map((section) => [
  section.querySelector("h3").textContent,
  [...section.querySelectorAll("dl > div")].map((line) => [
    [...line.querySelector("dt").children].map((key) => [key.tagName, key.textContent]),
    line.querySelector("dd").textContent,
  ]),
])"""
# Keys that are no command's: a tool, a list or the timeline answers them while it has the hand.
OF_TOOLS = {"Alt", "Ctrl", "Shift", "Enter", "Backspace", "Delete", "Esc", "Tab", "Space", "Shift Enter"}
OF_TOOLS |= {"Alt ←", "Alt →", "↑", "↓", "Shift Tab", "@", "Ctrl Enter"}


def table_of(sections: list) -> str:
    """The keys as Markdown: a table for each heading of the editor's help."""
    lines = []
    for name, rows in sections:
        lines += [f"**{name}**", "", "| | |", "|---|---|"]
        for keys, does in rows:
            shown = " or ".join(f"`{text}`" if tag == "KBD" else text for tag, text in keys)
            lines.append(f"| {shown or 'from the palette'} | {does} |")
        lines.append("")
    return "\n".join(lines)


def parts() -> tuple[str, str, str]:
    """What stands before the keys, the keys, and what follows."""
    before, rest = GUIDE.read_text().split(BEGIN)
    keys, after = rest.split(END)
    return before, keys, after


@pytest.mark.browser
def test_the_guide_names_the_keys_of_the_help(desk, project, alice, tmp_path):
    item = intake(project, numbered_video(tmp_path / "numbers.mp4"), "numbers.mp4", alice)
    editor = EditorPage(desk(alice), item)
    editor.keys("?")
    expect(editor.page.locator(".ed-help section").first).to_be_visible()
    table = table_of(editor.page.evaluate(HELP))
    before, keys, after = parts()
    if os.environ.get("FRAMELOOP_WRITE_GUIDE"):
        GUIDE.write_text(f"{before}{BEGIN}{table}{END}{after}")
    else:
        assert keys == table, "run this test with FRAMELOOP_WRITE_GUIDE=1 to write the keys into docs/labelling.md"


def test_what_the_guide_says_of_keys_is_in_its_table():
    before, keys, after = parts()
    known = set(re.findall(r"`([^`]+)`", keys)) | OF_TOOLS
    quoted = re.findall(r"`([^`]+)`", before + after)
    named = {name for name in quoted if not re.search(r"_|\w/|/\w|^#|^(en|de)coder$", name)}
    assert named, "the prose names no key"
    assert not named - known, f"no key of the editor: {sorted(named - known)}"
