"""As much of S3 as signed addresses need: a bucket that is listed in pages of two, and its objects."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

from tests.projects.file_server import Files, serving

PAGE = 2


class _Handler(BaseHTTPRequestHandler):
    server: Any

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        self.server.asked.append((query.get("X-Amz-Credential", "").partition("/")[0], parts.path))
        key = unquote(parts.path).removeprefix("/cameras").lstrip("/")
        if "list-type" in query:
            return self._send(self._list(query))
        body = self.server.objects.get(key)
        self._send(body or b"", 200 if body is not None else 404)

    def _list(self, query: dict[str, str]) -> bytes:
        keys = [key for key in sorted(self.server.objects) if key.startswith(query.get("prefix", ""))]
        start = int(query.get("continuation-token", 0))
        rows = "".join(
            f"<Contents><Key>{escape(key)}</Key><Size>{len(self.server.objects[key])}</Size>"
            f"<ETag>&quot;{hashlib.md5(self.server.objects[key]).hexdigest()}&quot;</ETag></Contents>"
            for key in keys[start : start + PAGE]
        )
        more = start + PAGE
        token = f"<NextContinuationToken>{more}</NextContinuationToken>" if more < len(keys) else ""
        space = "http://s3.amazonaws.com/doc/2006-03-01/"
        return f'<ListBucketResult xmlns="{space}">{rows}{token}</ListBucketResult>'.encode()

    def _send(self, body: bytes, status: int = 200) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: Any) -> None:
        pass


@contextmanager
def bucket() -> Iterator[Files]:
    """`objects`: key -> bytes. `asked`: the access key and path of each request."""
    with serving(_Handler) as files:
        files.objects = {}  # type: ignore[attr-defined]
        yield files
