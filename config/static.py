"""Hashed file names for native ES modules too, so that browsers may cache every file for ever."""

from __future__ import annotations

from typing import Any

from django.contrib.staticfiles.storage import ManifestStaticFilesStorage


class ModuleManifestStorage(ManifestStaticFilesStorage):
    """Rewrites relative `import ... from "./x.js";` lines to the hashed names (each must end in a semicolon)."""

    support_js_module_import_aggregation = True
    manifest_strict = False

    def hashed_name(self, name: str, content: Any = None, filename: str | None = None) -> str:
        """The name with the hash of its content; the plain name where the file was not collected (as in tests)."""
        try:
            return super().hashed_name(name, content, filename)
        except ValueError:
            if content is not None:
                raise
            return name
