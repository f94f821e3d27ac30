"""Hashed file names for native ES modules too, so that browsers may cache every file for ever."""

from django.contrib.staticfiles.storage import ManifestStaticFilesStorage


class ModuleManifestStorage(ManifestStaticFilesStorage):
    """Rewrites relative `import ... from "./x.js";` lines to the hashed names (each must end in a semicolon)."""

    support_js_module_import_aggregation = True
    manifest_strict = False
