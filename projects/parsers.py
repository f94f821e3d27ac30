"""JSON bodies, within bounds: so large, so deep, and no text that PostgreSQL cannot store."""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO
from typing import IO, Any

from django.conf import settings
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser

from projects.problems import Problem


class JsonParser(JSONParser):
    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        raw = stream.read(limit + 1)
        if len(raw) > limit:
            raise Problem(413, "too-large", f"The JSON body is larger than {limit // 2**20} MiB: send it in parts.")
        try:
            data = super().parse(BytesIO(raw), media_type, parser_context)
        except RecursionError:
            raise ParseError("The JSON is nested too deeply.") from None
        if b"\\u" in raw and not _storable(data):
            raise ParseError("The JSON has text with NUL or half a surrogate pair, which cannot be stored.")
        return data


def _storable(value: Any) -> bool:
    """Whether every text can be kept in PostgreSQL.

    >>> _storable({"a": ["é"]}), _storable({"a": ["\\x00"]}), _storable(["\\ud800"])
    (True, False, False)
    """
    if isinstance(value, str):
        return "\x00" not in value and not any("\ud800" <= char <= "\udfff" for char in value)
    if isinstance(value, dict):
        return all(_storable(key) and _storable(part) for key, part in value.items())
    return not isinstance(value, list) or all(_storable(part) for part in value)
