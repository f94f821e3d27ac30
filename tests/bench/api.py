"""How long list, create and item pages take in a project with 100,000 annotations, and in a small one.

    python -m tests.bench.api [--annotations 100000] [--rounds 60]

Both projects are asked in turn within one run, so that the ratio holds on a noisy machine.
"""

from __future__ import annotations

import argparse
import io
import statistics
import time
import uuid
from collections.abc import Callable
from typing import Any

import httpx

from tests.bench.report import write_section
from tests.bench.server import databases, web

ITEMS = 400
PASSWORD = "a long enough password"


def fill(project: Any, asset: Any, annotations: int, by: Any) -> None:
    """Rows as the journal would have left them: written in bulk, because only reading is measured here."""
    from annotations.models import Annotation
    from projects.models import Item

    label = project.labels.first()
    per_item = annotations // ITEMS
    items = Item.objects.bulk_create(
        Item(project=project, asset=asset, path=f"{n:05}.jpg", rev=per_item, annotation_count=per_item)
        for n in range(ITEMS)
    )
    for item in items:
        Annotation.objects.bulk_create(
            Annotation(
                id=uuid.uuid4(),
                item=item,
                label=label,
                geometry={"type": "box", "x": n % 600, "y": n % 400, "w": 20, "h": 30},
                author=by,
                updated_by=by,
                created_rev=n + 1,
                updated_rev=n + 1,
            )
            for n in range(per_item)
        )


def make_projects(annotations: int) -> dict[str, Any]:
    from django.core.files.base import ContentFile
    from django.db import connection

    from projects.intake import store_file
    from projects.models import Label, Project, User

    user = User.objects.create_user("bench@example.org", PASSWORD, name="Bench")
    team = user.teams.get()
    asset, _ = store_file(team, ContentFile(picture(0), name="a.jpg"), "a.jpg", user)
    projects = {}
    for name, count in (("small", ITEMS), ("large", annotations)):
        projects[name] = Project.objects.create(team=team, name=name, task="detect", created_by=user)
        Label.objects.create(project=projects[name], name="person", ordinal=0)
        fill(projects[name], asset, count, user)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return projects


def picture(seed: int) -> bytes:
    """A JPEG of 640 x 480 that no other seed gives."""
    import numpy as np
    from PIL import Image

    pixels = np.random.default_rng(seed).integers(0, 255, (480, 640, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG")
    return buffer.getvalue()


def calls(project: Any, item: Any, seeds: Any) -> dict[str, Callable[[httpx.Client], httpx.Response]]:
    base = f"/api/v1/projects/{project.pk}"
    return {
        "list items": lambda c: c.get(f"{base}/items"),
        "list items by label": lambda c: c.get(f"{base}/items", params={"label": "person"}),
        "create item": lambda c: c.post(f"{base}/items", files={"file": ("new.jpg", picture(next(seeds)))}),
        "annotations of an item": lambda c: c.get(f"/api/v1/items/{item.pk}/annotations"),
        "one transaction": lambda c: c.post(f"/api/v1/items/{item.pk}/tx", json=one_box(project)),
        "project page": lambda c: c.get(f"/projects/{project.pk}/"),
        "editor page": lambda c: c.get(f"/items/{item.pk}/"),
    }


def one_box(project: Any) -> dict[str, Any]:
    geometry = {"type": "box", "x": 10, "y": 10, "w": 50, "h": 60}
    op = {"op": "create", "id": str(uuid.uuid4()), "label": str(project.labels.first().pk), "geometry": geometry}
    return {"client_id": "bench", "tx_id": uuid.uuid4().hex, "base_rev": 0, "ops": [op]}


def sign_in(address: str) -> httpx.Client:
    """A client with both a session (pages) and a bearer token (REST)."""
    client = httpx.Client(base_url=address, timeout=60)
    client.get("/sign-in/")
    form = {"email": "bench@example.org", "password": PASSWORD, "csrfmiddlewaretoken": client.cookies["csrftoken"]}
    client.post("/sign-in/", data=form | {"username": form["email"]}, headers={"Referer": address})
    tokens = client.post("/api/v1/auth/login", json={"email": form["email"], "password": PASSWORD}).json()
    client.headers["Authorization"] = f"Bearer {tokens['access']}"
    return client


def measure(client: httpx.Client, projects: dict[str, Any], rounds: int) -> dict[tuple[str, str], list[float]]:
    seeds = iter(range(1, 10**6))
    plans = {name: calls(project, project.items.first(), seeds) for name, project in projects.items()}
    times: dict[tuple[str, str], list[float]] = {}
    for turn in range(rounds + 3):  # the first three rounds warm caches, connections and imports
        for size, plan in plans.items():
            for what, call in plan.items():
                start = time.perf_counter()
                response = call(client)
                took = (time.perf_counter() - start) * 1000
                if response.status_code >= 300:
                    raise SystemExit(f"{what} ({size}): {response.status_code} {response.text[:300]}")
                if turn >= 3:
                    times.setdefault((what, size), []).append(took)
    return times


def table(times: dict[tuple[str, str], list[float]], annotations: int) -> str:
    lines = [f"| ms | p50 | p95 with {annotations:,} annotations | p95 with {ITEMS} | ratio |", "|---|---|---|---|---|"]
    for what in dict.fromkeys(what for what, _ in times):
        large, small = times[what, "large"], times[what, "small"]
        p95, p95_small = (statistics.quantiles(values, n=20)[18] for values in (large, small))
        lines.append(
            f"| {what} | {statistics.median(large):.1f} | {p95:.1f} | {p95_small:.1f} | {p95 / p95_small:.2f} |"
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--annotations", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=60)
    options = parser.parse_args()
    with databases():
        projects = make_projects(options.annotations)
        with web() as address:
            result = table(measure(sign_in(address), projects, options.rounds), options.annotations)
    print(result)
    write_section("api", "## The REST interface and the pages\n\n`python -m tests.bench.api`\n\n" + result)


if __name__ == "__main__":
    main()
