"""The editor as a person's hand and eye see it, for tests."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import Page, expect

Box = tuple[float, float, float, float]
_PATIENCE_MS = 30_000


class EditorPage:
    """One tab with the editor open on an item. Coordinates are pixels of the picture."""

    def __init__(self, desk: Any, item: Any, frame: int | None = None) -> None:
        self.desk = desk
        address = f"/items/{item.pk}/" + (f"#frame={frame}" if frame is not None else "")
        self.page: Page = desk.open(address)
        self.wait_until_ready()

    def wait_until_ready(self) -> None:
        # Complete: a test that stops the server must not cut off what the editor still fetches.
        self.page.wait_for_selector("html[data-complete=true]", timeout=_PATIENCE_MS)
        expect(self.page.locator("#stage")).not_to_have_attribute("aria-busy", "true", timeout=_PATIENCE_MS)

    # Hands

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Where a point of the picture lies in the window."""
        x, y = self.page.evaluate("([x, y]) => frameloop.editor.view.toScreen([x, y])", [x, y])
        stage = self.page.locator("#stage").bounding_box()
        assert stage is not None
        return stage["x"] + x, stage["y"] + y

    def drag(self, start: tuple[float, float], end: tuple[float, float], steps: int = 4) -> None:
        self.page.mouse.move(*self.at(*start))
        self.page.mouse.down()
        self.page.mouse.move(*self.at(*end), steps=steps)
        self.page.mouse.up()

    def draw(self, x: float, y: float, w: float, h: float) -> None:
        """A box by dragging, with the box tool."""
        self.keys("b")
        self.drag((x, y), (x + w, y + h))

    def click(self, x: float, y: float) -> None:
        self.page.mouse.click(*self.at(x, y))

    def keys(self, *names: str) -> None:
        for name in names:
            self.page.keyboard.press(name)

    # Eyes

    def boxes(self) -> list[Box]:
        """What is on this frame, rounded to pixels, in order."""
        return [
            tuple(box)
            for box in self.page.evaluate(
                """() => frameloop.editor.store.onFrame(frameloop.editor.frame)
                   .map(({geometry: g}) => [g.x, g.y, g.w, g.h].map(Math.round))
                   .sort((a, b) => a[0] - b[0] || a[1] - b[1])"""
            )
        ]

    def shared_keys(self) -> dict[str, list[str]]:
        """The keys that several commands have from the start, with those commands."""
        return self.page.evaluate(
            """() => {
              const found = {};
              for (const { id, keys } of frameloop.commands.all) for (const key of keys) (found[key] ??= []).push(id);
              return Object.fromEntries(Object.entries(found).filter(([, ids]) => ids.length > 1));
            }"""
        )

    def expect_shapes(self, count: int) -> None:
        """In the list, as a person reads it."""
        expect(self.page.locator("#objects [role=option]")).to_have_count(count, timeout=_PATIENCE_MS)

    def expect_saved(self) -> None:
        expect(self.page.locator("#save-state")).to_have_text(re.compile(r"^Saved · rev \d+$"), timeout=_PATIENCE_MS)

    def expect_offline(self, waiting: int) -> None:
        words = re.compile(rf"^(Offline|Connecting), {waiting} waiting$" if waiting else r"^(Offline|Connecting)$")
        expect(self.page.locator("#save-state")).to_have_text(words, timeout=_PATIENCE_MS)

    def expect_frame(self, n: int) -> None:
        expect(self.page.locator("#stage")).to_have_attribute("data-frame", str(n), timeout=_PATIENCE_MS)

    def expect_people(self, count: int) -> None:
        expect(self.page.locator("#people")).to_have_attribute("data-count", str(count), timeout=_PATIENCE_MS)
