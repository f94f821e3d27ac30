"""Skeletons of labels on the settings page: typed, corrected, and there for the editor."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from projects.skeletons import SkeletonError, parse_skeleton, skeleton_text


@pytest.mark.parametrize(
    ("points", "edges", "skeleton"),
    [
        ("head\ntail", "1-2", {"points": ["head", "tail"], "edges": [[0, 1]]}),
        ("head, left  wing ,tail", "1 - 2, 2-3", {"points": ["head", "left wing", "tail"], "edges": [[0, 1], [1, 2]]}),
        ("head", "", {"points": ["head"], "edges": []}),
        (" \n", "", None),
    ],
)
def test_what_is_typed_is_read(points, edges, skeleton):
    assert parse_skeleton(points, edges) == skeleton
    assert parse_skeleton(*skeleton_text(skeleton)) == skeleton


@pytest.mark.parametrize(
    ("points", "edges", "field", "words"),
    [
        ("head\nhead", "", "points", "Two points are called 'head'"),
        ("", "1-2", "points", "Name the points"),
        ("x" * 61, "", "points", "at most 60"),
        ("\n".join(map(str, range(201))), "", "points", "201 points"),
        ("head\ntail", "1-3", "edges", "1-3 names a point that is not there"),
        ("head\ntail", "0-1", "edges", "0-1"),
        ("head\ntail", "1-2 head", "edges", "'head' is none"),
    ],
)
def test_what_is_none_says_why(points, edges, field, words):
    with pytest.raises(SkeletonError, match=words) as caught:
        parse_skeleton(points, edges)
    assert caught.value.field == field


def test_a_manager_gives_a_label_its_skeleton(project, alice, bob, charlie):
    label = project.labels.first()
    url = reverse("project-skeleton", args=[project.pk, label.pk])
    client = Client()
    client.force_login(alice)
    refused = client.post(url, {"points": "head\ntail", "edges": "1-9"})
    assert refused.status_code == 200
    assert "names a point that is not there" in refused.content.decode()
    assert client.post(url, {"points": "head\ntail", "edges": "1-2"}).status_code == 302
    label.refresh_from_db()
    assert label.skeleton == {"points": ["head", "tail"], "edges": [[0, 1]]}
    page = client.get(reverse("project-settings", args=[project.pk])).content.decode()
    assert "head\ntail</textarea>" in page
    for person, status in ((bob, 403), (charlie, 404)):
        client.force_login(person)
        assert client.post(url, {"points": "x"}).status_code == status
