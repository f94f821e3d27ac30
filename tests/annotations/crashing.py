"""A web process that kills itself at a chosen moment of its first commit.

    python -m tests.annotations.crashing POINT ARGUMENTS...

runs the Python interpreter's ARGUMENTS as they are ("-m uvicorn ..."), and the process dies by SIGKILL
"before-commit" (all is written, nothing committed), "after-commit" (nobody has been told) or "after-broadcast"
(the room has heard of it, the author has not).
"""

from __future__ import annotations

import os
import runpy
import signal
import sys
from collections.abc import Generator
from typing import Any

POINTS = ("before-commit", "after-commit", "after-broadcast")


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def arm(point: str) -> None:
    """Set the trap in the group writer, through which every transaction of a socket goes."""
    from annotations import batch, writer
    from projects.hub import Hub

    steps, publish = batch.steps, Hub.publish
    committed = False

    def dying_steps(works: list[Any], wait: bool = True) -> Generator[Any, Any, Any]:
        answers = yield from steps(works, wait)
        if answers.broadcasts:
            die()
        return answers

    async def dying_publish(self: Any, messages: list[Any]) -> None:
        await publish(self, messages)
        if committed:
            die()

    def silent(group: Any, answers: Any) -> None:
        nonlocal committed
        committed = True

    if point == "before-commit":
        batch.steps = dying_steps
    elif point == "after-commit":
        writer.Writer._answer = staticmethod(lambda group, answers: die())  # type: ignore[method-assign]
    else:
        writer.Writer._answer = staticmethod(silent)  # type: ignore[method-assign]
        Hub.publish = dying_publish  # type: ignore[method-assign]


def main() -> None:
    point, _, module, *arguments = sys.argv[1:]
    assert point in POINTS
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django

    django.setup()
    arm(point)
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
