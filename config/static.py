"""Hashed file names for native ES modules too, so that browsers may cache every file for ever."""

from __future__ import annotations

import gzip
import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.contrib.staticfiles.storage import ManifestStaticFilesStorage

_COMPRESSED = {".js", ".css", ".svg"}
# Comments on lines of their own, and types within a line. What stands behind code stays: a text could look like it.
_COMMENT = re.compile(r"^[ \t]*/\*\*(?:(?!\*/)[\s\S])*\*/[ \t]*\n|^[ \t]*//.*\n|/\*\* (?:(?!\*/).)*\*/ ?", re.MULTILINE)


class ModuleManifestStorage(ManifestStaticFilesStorage):
    """Rewrites relative `import ... from "./x.js";` lines to the hashed names (each must end in a semicolon).

    All JavaScript files share one hash, that of them all. With a hash of its own each, a change would have
    to ripple through every module that imports the changed one, for which Django takes a pass a level and
    gives up after five; and modules that import each other would never come to rest.
    """

    support_js_module_import_aggregation = True
    manifest_strict = False
    _scripts_hash = ""

    def post_process(self, paths: dict[str, Any], dry_run: bool = False, **options: Any) -> Iterator[Any]:
        digest = hashlib.md5(usedforsecurity=False)
        for name in sorted(name for name in paths if name.endswith(".js")):
            storage, path = paths[name]
            with storage.open(path) as file:
                digest.update(name.encode() + file.read())
        self._scripts_hash = digest.hexdigest()[:12]
        for name, hashed, processed in super().post_process(paths, dry_run, **options):
            if hashed and not dry_run and not isinstance(processed, Exception):
                self._shrink(hashed)
            yield name, hashed, processed

    def _shrink(self, name: str) -> None:
        """Leave out what browsers do not read, and keep a compressed copy, which WhiteNoise sends in its place."""
        path = Path(self.path(name))
        if path.suffix not in _COMPRESSED:
            return
        if path.suffix == ".js" and "vendor" not in path.parts:  # the licences of others stay in their files
            path.write_text(_COMMENT.sub("", path.read_text("utf-8")), "utf-8")
        Path(f"{path}.gz").write_bytes(gzip.compress(path.read_bytes(), mtime=0))

    def file_hash(self, name: str | None, content: Any = None) -> str | None:  # name is None for the manifest itself
        if self._scripts_hash and name and name.endswith(".js"):
            return self._scripts_hash
        return super().file_hash(name, content)

    def hashed_name(self, name: str, content: Any = None, filename: str | None = None) -> str:
        """The name with the hash of its content; the plain name where the file was not collected (as in tests)."""
        try:
            return super().hashed_name(name, content, filename)
        except ValueError:
            if content is not None:
                raise
            return name
