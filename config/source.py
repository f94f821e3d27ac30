"""The source code of what runs here: the licence (AGPL-3.0, section 13) gives it to everybody who uses it."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

_FOLDERS = (
    "annotations", "config", "docker", "docs", "projects", "scripts", "static", "streaming", "templates", "tests",
    "training",
)  # fmt: skip
_FILES = (
    ".dockerignore", ".env.example", ".gitignore", "ARCHITECTURE.md", "CHANGELOG.md", "CONTRIBUTING.md", "Dockerfile",
    "LICENSE", "README.md", "docker-compose.yml", "manage.py", "package-lock.json", "package.json", "pyproject.toml",
    "requirements-test.txt", "requirements.txt", "run", "test", "tsconfig.json",
)  # fmt: skip
# Only what source is written in: whoever keeps keys or recordings between it has not published them.
_KINDS = {
    ".py",
    ".js",
    ".ts",
    ".json",
    ".html",
    ".css",
    ".svg",
    ".md",
    ".txt",
    ".toml",
    ".yml",
    ".yaml",
    ".sh",
    ".conf",
}
_NAMES = {"Caddyfile"}
_PICTURES = Path("docs", "pictures")


def files(root: Path) -> Iterator[Path]:
    """The files of the source below `root`, in order; links and hidden files are left out."""
    yield from (root / name for name in _FILES if _is_plain(root / name))
    for folder in _FOLDERS:
        for path in sorted((root / folder).rglob("*")):
            if _is_source(path.relative_to(root)) and _is_plain(path):
                yield path


def _is_source(path: Path) -> bool:
    if any(part.startswith((".", "__pycache__")) for part in path.parts):
        return False
    shown = path.suffix == ".webp" and path.parent == _PICTURES
    return shown or path.suffix in _KINDS or path.name in _NAMES


def _is_plain(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()


def archive(root: Path) -> bytes:
    """The source as a .tar.gz whose files are in a folder `frameloop`."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz", compresslevel=6) as tar:
        for path in files(root):
            tar.add(path, f"frameloop/{path.relative_to(root)}", filter=_anonymous)
    return buffer.getvalue()


def _anonymous(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    return member


@lru_cache(maxsize=1)
def _packed(root: Path) -> bytes:
    return archive(root)


@require_safe
@cache_control(public=True, max_age=3600)
def download(request: HttpRequest) -> HttpResponse:
    answer = HttpResponse(_packed(Path(settings.BASE_DIR)), content_type="application/gzip")
    answer["Content-Disposition"] = 'attachment; filename="frameloop-source.tar.gz"'
    return answer


def context(request: HttpRequest) -> dict[str, str]:
    """The template context processor: where the footer's link leads."""
    return {"source_url": settings.SOURCE_URL or reverse("source")}
