"""The grid of a project's items, and the start page's figures."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client

from projects.models import Asset, Item, Job, Label, Project, ProjectMembership, Team, User
from projects.views.items import PAGE
from tests.projects.test_pages_project import _shape
from tests.rows import video_index


@pytest.fixture
def owner(alice: User) -> Client:
    client = Client()
    client.force_login(alice)
    return client


@pytest.fixture
def asset(team: Team) -> Asset:
    return Asset.objects.create(
        team=team, kind="image", sha256="1" * 64, size=1, content_type="image/png", original_name="a.png",
        width=640, height=360, file="a.png", thumbnail="a.webp",
    )  # fmt: skip


@pytest.fixture
def video(team: Team) -> Asset:
    asset = Asset.objects.create(
        team=team, kind="video", sha256="2" * 64, size=1, content_type="video/mp4", original_name="street.mp4",
        width=640, height=360, file="street.mp4", thumbnail="street.webp",
    )  # fmt: skip
    video_index(asset, frames=795, fps=10).save()
    return asset


def _add(project: Project, asset: Asset, *paths: str, **fields: object) -> list[Item]:
    return [Item.objects.create(project=project, asset=asset, path=path, **fields) for path in paths]


def _names(response) -> list[str]:
    return re.findall(r'class="tile-name cut" title="([^"]+)"', response.content.decode())


def _text(response) -> str:
    return re.sub(r"\s+", " ", response.content.decode())


def test_an_empty_project_asks_for_files(owner: Client, project: Project) -> None:
    assert "Drop images or videos here" in _text(owner.get(f"/projects/{project.pk}/"))


def test_a_viewer_is_not_asked_for_files(client: Client, project: Project, charlie: User) -> None:
    ProjectMembership.objects.create(project=project, user=charlie, role="viewer")
    client.force_login(charlie)
    text = _text(client.get(f"/projects/{project.pk}/"))
    assert "Drop images" not in text
    assert "Add files" not in text


def test_the_grid_shows_state_count_and_a_signed_thumbnail(owner: Client, project: Project, asset: Asset) -> None:
    _add(project, asset, "a.png", state="approved", annotation_count=7)
    text = _text(owner.get(f"/projects/{project.pk}/"))
    assert '<span class="badge badge-ok">Approved</span>' in text
    assert 'title="7 shapes"' in text
    assert re.search(r'<img src="/media/[^"]+\.webp"', text)


def test_filters_narrow_and_combine(owner: Client, project: Project, asset: Asset, video: Asset) -> None:
    _add(project, asset, "cat 1.png", "cat 2.png", "dog.png")
    _add(project, video, "cat.mp4", state="approved")
    path = f"/projects/{project.pk}/"
    assert sorted(_names(owner.get(path, {"q": "cat"}))) == ["cat 1.png", "cat 2.png", "cat.mp4"]
    assert _names(owner.get(path, {"q": "cat", "kind": "video"})) == ["cat.mp4"]
    assert _names(owner.get(path, {"state": "approved"})) == ["cat.mp4"]
    assert _names(owner.get(path, {"state": "approved", "kind": "image"})) == []
    assert "No item matches" in _text(owner.get(path, {"q": "horse"}))


def test_items_are_found_by_the_label_of_their_shapes(owner: Client, project: Project, asset: Asset) -> None:
    person, car = project.labels.all()
    shape = _shape(project, person)
    _add(project, asset, "b.png")
    path = f"/projects/{project.pk}/"
    assert _names(owner.get(path, {"label": str(person.pk)})) == ["a.png"]
    assert _names(owner.get(path, {"label": str(car.pk)})) == []
    type(shape).objects.update(deleted=True)
    assert _names(owner.get(path, {"label": str(person.pk)})) == []


@pytest.mark.parametrize(
    "query", ["state=nonsense", "kind=x", "label=x", "after=x", "after=2026-01-01~x", "q=%00", "sort=x", "after=/%00"]
)
def test_a_filter_that_names_nothing_is_left_out(owner: Client, project: Project, asset: Asset, query: str) -> None:
    _add(project, asset, "a.png")
    assert _names(owner.get(f"/projects/{project.pk}/?{query}")) == ["a.png"]


@pytest.mark.parametrize(
    ("sort", "arriving"), [("", "000 (2).png"), ("&sort=newest", "new.png"), ("&sort=added", "new.png")]
)
def test_pages_follow_each_other_without_a_gap(
    owner: Client, project: Project, asset: Asset, sort: str, arriving: str
) -> None:
    wanted = [f"{n:03}.png" for n in range(PAGE + 5)]
    _add(project, asset, *reversed(wanted))  # as uploads end: in no order
    first = owner.get(f"/projects/{project.pk}/?q=png{sort}")
    link = re.search(r'id="more" href="([^"]+)"', first.content.decode()).group(1).replace("&amp;", "&")
    Item.objects.create(project=project, asset=asset, path=arriving)  # arrives while somebody scrolls
    second = owner.get(f"/projects/{project.pk}/{link}")
    shown = _names(first) + _names(second)
    if sort == "&sort=added":  # what arrived is the newest of all
        assert shown == [*reversed(wanted), arriving]
    else:
        assert shown == wanted, "by name; and the newest first is the same here"
    assert 'id="more"' not in second.content.decode()


def test_the_number_of_queries_does_not_grow_with_the_items(
    owner: Client, project: Project, asset: Asset, video: Asset, django_assert_max_num_queries
) -> None:
    _add(project, asset, *(f"{n}.png" for n in range(20)))
    _add(project, video, *(f"{n}.mp4" for n in range(20)))
    with django_assert_max_num_queries(20):
        owner.get(f"/projects/{project.pk}/")


def test_a_video_of_the_library_is_linked_with_labels_of_its_own(owner: Client, project: Project, video: Asset) -> None:
    assert "street.mp4" in _text(owner.get(f"/projects/{project.pk}/"))
    owner.post(f"/projects/{project.pk}/link/", {"asset": str(video.pk)})
    assert _names(owner.get(f"/projects/{project.pk}/")) == ["street.mp4"]
    assert project.items.get().asset == video


def test_a_video_of_another_team_cannot_be_linked(owner: Client, project: Project, video: Asset, charlie: User) -> None:
    Asset.objects.filter(pk=video.pk).update(team=charlie.teams.get())
    response = owner.post(f"/projects/{project.pk}/link/", {"asset": [str(video.pk), "x"]}, follow=True)
    assert "Nothing was added" in _text(response)
    assert not project.items.exists()


def test_a_guest_of_one_project_does_not_see_the_library(
    client: Client, project: Project, video: Asset, charlie: User
) -> None:
    ProjectMembership.objects.create(project=project, user=charlie, role="annotator")
    client.force_login(charlie)
    assert "street.mp4" not in _text(client.get(f"/projects/{project.pk}/"))
    assert client.post(f"/projects/{project.pk}/link/", {"asset": str(video.pk)}).status_code == 404


# The start page


def _steps(response) -> list[str]:
    return [step.state for step in response.context["guide"]]


def test_somebody_new_is_led_to_a_first_project(client: Client, charlie: User) -> None:
    client.force_login(charlie)
    response = client.get("/")
    assert "Make the first project" in _text(response)
    assert _steps(response) == ["later"] * 5


def test_the_guide_follows_what_was_done(owner: Client, project: Project, asset: Asset) -> None:
    assert _steps(owner.get("/"))[:2] == ["now", "later"]
    _add(project, asset, "a.png")
    assert _steps(owner.get("/"))[:3] == ["done", "now", "later"]
    project.items.update(annotation_count=3)
    assert _steps(owner.get("/"))[:4] == ["done", "done", "now", "later"]
    Job.objects.create(project=project, kind="train", status="running", progress=0.5)
    assert "Training: 50 %." in _text(owner.get("/"))
    project.models.create(name="m", engine="yolo", labels=[], metrics={"map50": 0.914})
    response = owner.get("/")
    assert _steps(response) == ["done", "done", "done", "done", "now"]
    assert "mAP50 0.91" in _text(response)
    source = project.sources.create(name="belt", kind="synthetic")
    project.pipelines.create(name="live", source=source, state="running", model=project.models.get())
    assert _steps(owner.get("/")) == ["done"] * 5


def test_cards_count_each_thing_once(owner: Client, project: Project, asset: Asset) -> None:
    """Counting over several relations in one query would multiply them."""
    _add(project, asset, "a.png", "b.png", "c.png")
    project.items.filter(path="a.png").update(annotation_count=1)
    source = project.sources.create(name="belt", kind="synthetic")
    for name in ("one", "two"):
        project.pipelines.create(name=name, source=source, state="running")
    (card,) = owner.get("/").context["cards"]
    assert (card.items, card.labelled, card.pipelines, card.live, card.watched) == (3, 1, 2, 2, 0)
    assert len(card.thumbnails) == 3


def test_running_jobs_are_in_the_header_of_members_only(owner: Client, client: Client, project, charlie: User) -> None:
    Job.objects.create(project=project, kind="train", status="running", progress=0.25)
    assert 'aria-label="1 running job"' in _text(owner.get("/account/"))
    client.force_login(charlie)
    assert "running job" not in _text(client.get("/account/"))


def test_a_name_is_text_wherever_it_is_shown(owner: Client, project: Project, asset: Asset) -> None:
    evil = "<script>alert(1)</script>"
    Project.objects.filter(pk=project.pk).update(name=evil)
    Label.objects.filter(project=project).update(color="#000000")
    Label.objects.create(project=project, name=evil, ordinal=2)
    _add(project, asset, evil)
    for path in ("/", f"/projects/{project.pk}/", f"/projects/{project.pk}/settings/"):
        assert evil not in owner.get(path).content.decode()


def test_the_loop_of_a_chosen_project_is_remembered(owner: Client, project: Project, charlie: User) -> None:
    newest = Project.objects.create(team=project.team, name="Newest")
    foreign = Project.objects.create(team=charlie.teams.get(), name="Foreign")
    assert owner.get("/").context["leading"].project == newest
    assert owner.get(f"/?loop={project.pk}").context["leading"].project == project
    assert owner.get("/").context["leading"].project == project
    assert owner.get(f"/?loop={foreign.pk}").context["leading"].project == newest


def test_the_running_jobs_alone_are_of_ones_own_projects(owner: Client, client: Client, project, charlie: User) -> None:
    job = Job.objects.create(project=project, kind="train", status="running", progress=0.25)
    shown = _text(owner.get("/running-jobs/"))
    assert f'data-running="{job.pk}"' in shown and "<html" not in shown
    client.force_login(charlie)
    assert "data-running" not in _text(client.get("/running-jobs/"))
    Job.objects.update(status="succeeded")
    assert "data-running" not in _text(owner.get("/running-jobs/"))
    client.logout()
    assert client.get("/running-jobs/").status_code == 302


def test_the_mark_changes_with_every_change_of_an_item(owner: Client, client: Client, project, asset, charlie) -> None:
    url = f"/projects/{project.pk}/changed/"
    seen = [owner.get(url).json()["changed"]]
    item, other = _add(project, asset, "a.png", "b.png")
    seen.append(owner.get(url).json()["changed"])
    assert f'data-mark="{seen[-1]}"' in _text(owner.get(f"/projects/{project.pk}/"))
    Item.objects.filter(pk=item.pk).update(rev=1, updated_at=other.updated_at + timedelta(seconds=5))
    seen.append(owner.get(url).json()["changed"])
    # A transaction that started before that one, and commits after it.
    Item.objects.filter(pk=other.pk).update(rev=1, updated_at=other.updated_at + timedelta(seconds=4))
    seen.append(owner.get(url).json()["changed"])
    assert len(set(seen)) == 4 and seen[0] == ""
    assert owner.get(url).json()["changed"] == seen[-1]
    client.force_login(charlie)
    assert client.get(url).status_code == 404
