"""python -m tests.bench.search: how long a list of items, each filter, and the statistics take in a large project.

1,000,000 shapes on 10,000 items by default, made by SQL; each call over HTTP to one web process, one after the other.
`--explain` prints the plans of the statements that took longest instead of keeping the figures.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from typing import Any

import httpx

from tests.bench.report import write_section
from tests.bench.server import databases, web

LABELS = 20
_ASSETS = """
INSERT INTO projects_asset (id, team_id, kind, sha256, size, content_type, original_name, width, height, file, upright,
                            thumbnail, brightness, phash, notes, created_at)
SELECT gen_random_uuid(), %(team)s, 'image', lpad(to_hex(n), 64, '0'), 1, 'image/jpeg', n || '.jpg', 1280, 720,
       'none.jpg', '', 'none.webp', random() * 255, (random() * 9e18)::bigint, '[]', now() - n * interval '1 minute'
FROM generate_series(1, %(items)s) n"""
_ITEMS = """
INSERT INTO projects_item (id, project_id, asset_id, path, state, split, rev, epoch, annotation_count, detections,
                           ground_truth, created_at, updated_at)
SELECT gen_random_uuid(), %(project)s, a.id, 'street/' || a.original_name,
       (ARRAY['to-do', 'in-progress', 'in-review', 'approved'])[1 + (random() * 3)::int],
       (ARRAY['', 'train', 'val', 'test'])[1 + (random() * 3)::int],
       1, gen_random_uuid(), 0, 0, false, a.created_at, a.created_at
FROM projects_asset a"""
# Of label k there are half as many as of label k - 1, down to a handful.
_SHAPES = """
INSERT INTO annotations_annotation (id, item_id, label_id, geometry, attributes, source, z, geom_rev, track_rev,
                                    touched, deleted, author_id, created_rev, updated_rev, updated_at)
SELECT gen_random_uuid(), i.id, (%(labels)s::uuid[])[least(%(most)s, 1 + floor(-log(2, (1 - random())::numeric))::int)],
       CASE WHEN n %% 5 = 0 THEN jsonb_build_object('type', 'polygon', 'rings', jsonb_build_array(jsonb_build_array(
              jsonb_build_array(0, x, y), jsonb_build_array(1, x + w, y), jsonb_build_array(2, x, y + w))))
            ELSE jsonb_build_object('type', 'box', 'x', x, 'y', y, 'w', w, 'h', w * 0.75) END,
       CASE WHEN random() < 0.1 THEN jsonb_build_object('colour', (ARRAY['red', 'blue', 'grey'])[1 + n %% 3],
              'plate', (random() * 1000)::int) ELSE '{}' END,
       CASE WHEN random() < 0.3 THEN 'import' ELSE 'human' END, 0, 1, 0, '{}', random() < 0.02,
       (%(people)s::uuid[])[1 + (random() * 2)::int], 1, 1, now()
FROM projects_item i CROSS JOIN LATERAL (
  SELECT n, random() * 1000 AS x, random() * 500 AS y, 2 + 300 * random() ^ 4 AS w
  FROM generate_series(1, %(each)s) n WHERE i.id IS NOT NULL) shape"""
_COUNTS = """
UPDATE projects_item i SET annotation_count = c.n
FROM (SELECT item_id, count(*) n FROM annotations_annotation WHERE NOT deleted GROUP BY 1) c WHERE c.item_id = i.id"""
_TALK = """
WITH thread AS (INSERT INTO annotations_thread (id, item_id, created_at)
                SELECT gen_random_uuid(), id, now() FROM projects_item ORDER BY id LIMIT %(items)s / 10 RETURNING id)
INSERT INTO annotations_comment (id, thread_id, text, created_at)
SELECT gen_random_uuid(), id, 'Is this one occluded?', now() FROM thread"""
_POINTS = """
INSERT INTO training_itemembedding (item_id, kind, vector, at)
SELECT i.id, 'look', (SELECT l2_normalize(array_agg(random() - 0.5 + 0 * n)::vector(256)) FROM generate_series(1, 256) n
                      WHERE i.id IS NOT NULL), now() FROM projects_item i"""


def fill(items: int, shapes: int) -> dict[str, Any]:
    """A project with so many items and shapes, counted; gives what requests need."""
    from django.db import connection
    from rest_framework_simplejwt.tokens import AccessToken

    from annotations.figures import keeping
    from projects.models import Item, Label, Membership, Project, Role, Team, User

    people = [User.objects.create_user(f"{n}@example.org", None, name=f"Person {n}") for n in range(3)]
    team = Team.objects.create(name="Bench")
    Membership.objects.create(team=team, user=people[0], role=Role.OWNER)
    project = Project.objects.create(team=team, name="Bench", task="detect", created_by=people[0])
    labels = [Label.objects.create(project=project, name=f"label {n}", ordinal=n) for n in range(LABELS)]
    values = {
        "team": team.pk, "project": project.pk, "items": items, "each": shapes // items, "most": LABELS,
        "labels": [label.pk for label in labels], "people": [person.pk for person in people],
    }  # fmt: skip
    for name in ("_ASSETS", "_ITEMS", "_SHAPES", "_COUNTS", "_TALK", "_POINTS"):
        begun = time.monotonic()
        with connection.cursor() as cursor:
            cursor.execute(globals()[name], values)
        print(f"{name.strip('_').lower()}: {time.monotonic() - begun:.0f} s", flush=True)
    begun = time.monotonic()
    while not keeping.catch_up(project, 600):
        pass
    print(f"counted: {time.monotonic() - begun:.0f} s", flush=True)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    item = Item.objects.filter(project=project).order_by("path").first()
    return {
        "project": project.pk, "token": str(AccessToken.for_user(people[0])), "item": item and item.pk,
        "other": people[1].pk, "labels": [label.pk for label in labels],
    }  # fmt: skip


def calls(made: dict[str, Any]) -> dict[str, str]:
    """What is asked, by name."""
    common, rare = made["labels"][0], made["labels"][14]
    item, other = made["item"], made["other"]
    seek = {
        "nothing": "",
        "a common label": f"label={common}",
        "a rare label": f"label={rare}",
        "all of three labels": f"label_all={made['labels'][4]},{made['labels'][5]},{rare}",
        "none of two labels": f"label_none={common},{rare}",
        "a type": "type=polygon",
        "an attribute": "attribute=colour=red",
        "a rare attribute": "attribute=plate=77",
        "an author": f"author={other}",
        "a rare label of an author": f"label={rare}&author={other}",
        "size": "size_min=0.06",
        "tiny shapes of a label": f"size_max=0.000005&label={common}",
        "number of shapes": "shapes_min=99&ordering=-annotation_count",
        "state and split": "state=approved&split=val",
        "text": "q=77 street",
        "a word of comments": "q=occluded",
        "no comments": "comments=none",
        "brightness": "brightness_max=5",
        "near-duplicates": f"near={item}",
        "more like this": f"like={item}",
    }
    root = f"/api/v1/projects/{made['project']}"
    found = {f"items by {name}": f"{root}/items?{query}" for name, query in seek.items()}
    found["similar items"] = f"/api/v1/items/{item}/similar"
    found["statistics"] = f"{root}/statistics"
    return found


def measure(url: str, made: dict[str, Any], runs: int) -> dict[str, list[float]]:
    """Milliseconds of each call, in turns, after one of each that is not counted."""
    took: dict[str, list[float]] = {name: [] for name in calls(made)}
    with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {made['token']}"}, timeout=120) as client:
        for run in range(runs + 1):
            for name, path in calls(made).items():
                begun = time.perf_counter()
                answer = client.get(path)
                if run:
                    took[name].append(1000 * (time.perf_counter() - begun))
                if answer.status_code != 200:
                    raise SystemExit(f"{name}: {answer.status_code} {answer.text[:300]}")
    return took


def explain(made: dict[str, Any], slow: list[str]) -> None:
    """The plans of the statements of some calls."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext
    from rest_framework.test import APIClient

    from projects.models import User

    client = APIClient()
    client.force_authenticate(User.objects.get(email="0@example.org"))
    for name in slow:
        with CaptureQueriesContext(connection) as queries:
            client.get(calls(made)[name], headers={"host": "localhost"})
        longest = max(queries.captured_queries, key=lambda query: float(query["time"]))
        print(f"\n== {name}: {len(queries)} statements, the longest {longest['time']} s\n{longest['sql'][:1500]}")
        if longest["sql"].startswith("SELECT"):
            with connection.cursor() as cursor:
                cursor.execute("EXPLAIN (ANALYZE, BUFFERS) " + longest["sql"].replace("%", "%%"), [])
                print("\n".join(row[0] for row in cursor.fetchall()))


def table(took: dict[str, list[float]], items: int, shapes: int) -> str:
    worst = {name: statistics.quantiles(values, n=20)[-1] for name, values in took.items()}
    lines = [
        "## Finding items",
        "",
        f"{shapes:,} shapes on {items:,} items; calls over HTTP to one web process, one after the other, "
        f"{len(took['statistics'])} of each; pages of 50 items. {os.cpu_count()} cores, load average "
        f"{os.getloadavg()[0]:.1f}.",
        "",
        "| call | p50, ms | p95, ms |",
        "|---|---|---|",
    ]
    lines += [f"| {name} | {statistics.median(values):.0f} | {worst[name]:.0f} |" for name, values in took.items()]
    above = [name for name, value in worst.items() if value > 200]
    lines += ["", f"Above 200 ms at p95: {', '.join(above) or 'none'}."]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--items", type=int, default=10_000)
    parser.add_argument("--shapes", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--explain", type=int, default=0, help="Print the plans of so many of the slowest calls.")
    options = parser.parse_args()
    with databases():
        made = fill(options.items, options.shapes)
        with web() as url:
            took = measure(url, made, options.runs)
        text = table(took, options.items, options.shapes)
        print(text, flush=True)
        if options.explain:
            explain(made, sorted(took, key=lambda name: -statistics.median(took[name]))[: options.explain])
        else:
            write_section("search", text)


if __name__ == "__main__":
    main()
