"""The ASGI application takes what was imported out of the garbage collector's sight, once."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from projects import live

ROOT = Path(__file__).resolve().parents[2]
CODE = """
import asyncio, gc
from config.asgi import application
assert gc.get_freeze_count() == 0
async def call():
    sent, body = [], [{"type": "http.request", "body": b""}]
    async def receive():
        return body.pop() if body else await asyncio.Event().wait()
    async def send(message):
        sent.append(message)
    scope = {"type": "http", "method": "GET", "path": "/healthz", "raw_path": b"/healthz", "query_string": b""}
    await application(scope | {"headers": [], "http_version": "1.1", "scheme": "http"}, receive, send)
    return sent[0]["status"]
print(asyncio.run(call()), gc.get_freeze_count() > 10_000, gc.get_threshold())
"""


def test_the_first_call_freezes_what_was_imported():
    done = subprocess.run([sys.executable, "-c", CODE], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "200 True (2000, 10, 100)", done.stderr


def test_no_process_of_ours_imports_torch_at_its_start():
    code = (
        "import django, sys; django.setup(); import config.asgi, config.celery; "
        "config.celery.app.loader.import_default_modules(); "
        "print([name for name in ('torch', 'ultralytics', 'matplotlib') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "[]", done.stderr


def test_a_sign_of_life_without_redis_is_no_error(settings, monkeypatch):
    import redis

    monkeypatch.setattr(live, "client", lambda: redis.Redis.from_url("unix:///nonexistent/redis.sock"))
    assert live.alive("web") is False
