"""/healthz, /readyz and /metrics: for load balancers, the supervisor and Prometheus.

They are answered before any other middleware, so they need no session, no allowed host and no HTTPS.
"""

from __future__ import annotations

import ipaddress
import secrets
import shutil
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import redis
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import Error, connection
from django.db.models import Count
from django.http import HttpRequest, HttpResponse, JsonResponse
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

_LEAST_FREE = 500 * 2**20
_STORAGE_CHECKED_EVERY = 30.0

REQUEST_SECONDS = Histogram(
    "frameloop_http_request_seconds",
    "Seconds from a request to its answer.",
    ("method", "route", "status"),
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1, 2.5, 10),
)


class OperationsMiddleware:
    """Answers the three addresses itself and measures every other request."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self._answers = {"/healthz": healthz, "/readyz": readyz, "/metrics": metrics}

    def __call__(self, request: HttpRequest) -> HttpResponse:
        answer = self._answers.get(request.path)
        if answer is not None:
            return answer(request)
        begun = time.perf_counter()
        response = self.get_response(request)
        match = request.resolver_match
        route = match.route if match else "unknown"  # never the path: each id would be a time series of its own
        seconds = time.perf_counter() - begun
        REQUEST_SECONDS.labels(_method(request), route, f"{response.status_code // 100}xx").observe(seconds)
        return response


def _method(request: HttpRequest) -> str:
    """A browser may send any word here, and a series would be kept for each."""
    known = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
    return request.method if request.method in known else "other"


def healthz(request: HttpRequest) -> HttpResponse:
    """The process answers; nothing else is asked."""
    return JsonResponse({"status": "ok"}, headers={"Cache-Control": "no-store"})


def readyz(request: HttpRequest) -> HttpResponse:
    """Each part with its state. 503, with the reasons, when something is missing that the work needs."""
    checks = {
        "database": _check_database(),
        "redis": _check_redis(),
        "storage": _check_storage(),
        "disk": _check_disk(),
        **_check_workers(),
    }
    reasons = [f"{name}: {problem}" for name, problem in checks.items() if problem]
    body = {
        "status": "unavailable" if reasons else "ready",
        "checks": {name: problem or "ok" for name, problem in checks.items()},
        "reasons": reasons,
    }
    response = JsonResponse(body, status=503 if reasons else 200, headers={"Cache-Control": "no-store"})
    response._has_been_logged = True  # type: ignore[attr-defined]  # Django would log each 503 as an error
    return response


def _check_database() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Error as error:
        return _first_line(error)
    return ""


def _client() -> redis.Redis:
    return redis.Redis.from_url(settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=2)


def _check_redis() -> str:
    client = _client()
    try:
        client.ping()
    except redis.RedisError as error:
        return _first_line(error)
    finally:
        client.close()
    return ""


_storage_checked_at = 0.0


def _check_storage() -> str:
    """Write and remove a small file, at most every 30 s: with S3 each of these costs money."""
    global _storage_checked_at
    if time.monotonic() - _storage_checked_at < _STORAGE_CHECKED_EVERY:
        return ""
    try:
        name = default_storage.save(f"health/{uuid.uuid4().hex}", ContentFile(b"ok"))
        default_storage.delete(name)
    except Exception as error:  # each storage has exceptions of its own
        return f"cannot be written to ({_first_line(error)})"
    _storage_checked_at = time.monotonic()
    return ""


def _check_disk() -> str:
    free = shutil.disk_usage(_existing(Path(settings.DATA_DIR))).free
    if free < _LEAST_FREE:
        return f"only {free // 2**20} MB free at {settings.DATA_DIR}; at least {_LEAST_FREE // 2**20} MB are needed"
    return ""


def _existing(path: Path) -> Path:
    return next(each for each in (path, *path.parents) if each.exists())


def _check_workers() -> dict[str, str]:
    """Which processes have given a sign of life within 15 s, of those that READY_WORKERS names."""
    wanted = settings.READY_WORKERS
    if not wanted:
        return {}
    client = _client()
    try:
        found = client.mget([f"alive:{name}" for name in wanted])
    except redis.RedisError:
        found = [None] * len(wanted)
    finally:
        client.close()
    return {name: "" if sign else "no sign of life for 15 s" for name, sign in zip(wanted, found, strict=True)}


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus' text format, for this machine or for whoever has METRICS_TOKEN."""
    if not _may_scrape(request):
        return HttpResponse("Only from this machine, or with METRICS_TOKEN as bearer token.\n", status=403)
    return HttpResponse(generate_latest(REGISTRY), content_type=CONTENT_TYPE_LATEST)


def _may_scrape(request: HttpRequest) -> bool:
    token = settings.METRICS_TOKEN
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if token and secrets.compare_digest(given.encode(), token.encode()):
        return True
    if "X-Forwarded-For" in request.headers or settings.BEHIND_TLS:
        return False  # a proxy on this machine makes every visitor look local
    try:
        return ipaddress.ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False


class WorkCollector(Collector):
    """Jobs and pipelines by state, and memory, read when Prometheus asks."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        from projects.models import Job
        from streaming.models import Pipeline

        try:
            yield self._counted("frameloop_jobs", "Jobs by kind and status.", Job, "kind", "status")
            yield self._counted("frameloop_pipelines", "Pipelines by state.", Pipeline, "state")
        except Error:
            return

    @staticmethod
    def _counted(name: str, about: str, model: Any, *columns: str) -> GaugeMetricFamily:
        family = GaugeMetricFamily(name, about, labels=columns)
        for row in model.objects.order_by().values(*columns).annotate(number=Count("pk")):
            family.add_metric([str(row[column]) for column in columns], row["number"])
        return family

    def describe(self) -> list[GaugeMetricFamily]:
        return []  # else the registry would collect, and ask the database, when this is registered


REGISTRY.register(WorkCollector())
