"""Where benchmarks write what they measured: one section each of docs/benchmarks.md."""

from __future__ import annotations

import fcntl
import re
from pathlib import Path

PATH = Path(__file__).resolve().parents[2] / "docs" / "benchmarks.md"
_HEAD = "# Benchmarks\n\nWritten by `python -m tests.bench.<name>`. Ratios are taken inside one run.\n"


def write_section(name: str, markdown: str, path: Path = PATH) -> None:
    """Put `markdown` between `<!-- name -->` and `<!-- /name -->`, in place of what was there or at the end."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # benchmarks may run at the same time
        file.seek(0)
        text = file.read() or _HEAD
        section = f"<!-- {name} -->\n{markdown.strip()}\n<!-- /{name} -->"
        pattern = re.compile(f"<!-- {re.escape(name)} -->.*?<!-- /{re.escape(name)} -->", re.DOTALL)
        missing = f"{text.rstrip()}\n\n{section}\n"
        text = pattern.sub(lambda _: section, text) if pattern.search(text) else missing
        file.truncate(0)
        file.write(text)
