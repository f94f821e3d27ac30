"""Threads pinned to a shape, a point or the item: who may say what, who hears of it."""

from __future__ import annotations

import pytest

from annotations.models import Comment, Thread
from annotations.people.comments import mentioned
from projects.models import Membership, Notice, ProjectMembership, Role, User
from tests.annotations.conftest import make_item, new_id

pytestmark = pytest.mark.django_db


def threads(item) -> str:
    return f"/api/v1/items/{item.pk}/threads"


def opened(api, item, who, text="Look here", **place):
    answer = api(who).post(threads(item), {"text": text, **place}, format="json")
    assert answer.status_code == 201, answer.json()
    return answer.json()


def test_a_thread_is_pinned_to_a_shape_a_point_or_the_item(api, item, video_item, alice, bob, a_shape):
    shape = a_shape()
    about = opened(api, item, bob, annotation=shape, x=12, y=30)
    point = opened(api, item, bob, x=5.5, y=7)
    whole = opened(api, item, bob)
    on_frame = opened(api, video_item, bob, frame=12, x=1, y=2)
    assert (about["annotation"], about["frame"], about["x"]) == (shape, None, 12)
    assert (point["annotation"], point["x"], point["y"]) == (None, 5.5, 7)
    assert (whole["annotation"], whole["x"]) == (None, None)
    assert on_frame["frame"] == 12
    listed = api(alice).get(threads(item)).json()
    assert [row["id"] for row in listed["results"]] == [about["id"], point["id"], whole["id"]]
    assert [person["name"] for person in listed["people"]] == ["Alice", "Bob"]
    assert listed["results"][0]["comments"][0]["author"]["name"] == "Bob"


@pytest.mark.parametrize(
    ("place", "pointer"),
    [
        ({"x": 1}, "/x"),
        ({"frame": 3}, "/frame"),
        ({"annotation": "no id"}, "/annotation"),
        ({"x": "NaN", "y": 2}, "/x"),
    ],
)
def test_a_place_that_is_none_is_refused_by_name(api, item, bob, place, pointer):
    answer = api(bob).post(threads(item), {"text": "?", **place}, format="json")
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["pointer"] == pointer
    assert not Thread.objects.exists()


def test_frames_of_videos_and_shapes_of_other_items_are_checked(api, item, video_item, project, bob, a_shape):
    shape = a_shape()
    for place in ({"frame": 50, "x": 1, "y": 1}, {"x": 1, "y": 1}):
        assert api(bob).post(threads(video_item), {"text": "?", **place}, format="json").status_code == 400
    other = make_item(project, "b.png")
    assert api(bob).post(threads(other), {"text": "?", "annotation": shape}, format="json").status_code == 400
    opened(api, other, bob, annotation=new_id())  # its shape may still be on the way


def test_viewers_read_strangers_see_nothing(api, item, team, alice, bob, charlie):
    thread = opened(api, item, bob)
    viewer = User.objects.create_user("vera@example.org", "a long enough password", name="Vera")
    Membership.objects.create(team=team, user=viewer, role=Role.VIEWER)
    assert len(api(viewer).get(threads(item)).json()["results"]) == 1
    for path, body in (
        (threads(item), {"text": "Hm"}),
        (f"/api/v1/threads/{thread['id']}/comments", {"text": "Hm"}),
        (f"/api/v1/threads/{thread['id']}/resolve", {}),
    ):
        assert api(viewer).post(path, body, format="json").status_code == 403
        assert api(charlie).post(path, body, format="json").status_code == 404
        assert api().post(path, body, format="json").status_code == 401
    assert api(charlie).get(threads(item)).status_code == 404


def test_reviewers_resolve_anything_others_what_they_spoke_in(api, item, team, alice, bob):
    thread = opened(api, item, alice)
    resolve = f"/api/v1/threads/{thread['id']}/resolve"
    assert api(bob).post(resolve).status_code == 403
    api(bob).post(f"/api/v1/threads/{thread['id']}/comments", {"text": "Done"}, format="json")
    resolved = api(bob).post(resolve).json()
    assert resolved["resolved_by"]["name"] == "Bob" and resolved["resolved_at"]
    again = api(bob).post(f"/api/v1/threads/{thread['id']}/reopen").json()
    assert again["resolved_at"] is None
    assert api(alice).post(resolve).status_code == 200


def test_only_the_author_changes_a_comment_and_can_bring_it_back(api, item, alice, bob):
    thread = opened(api, item, bob)
    path = f"/api/v1/comments/{thread['comments'][0]['id']}"
    assert api(alice).patch(path, {"text": "Mine"}, format="json").status_code == 403
    changed = api(bob).patch(path, {"text": "Better"}, format="json").json()["comments"][0]
    assert changed["text"] == "Better" and changed["edited_at"]
    assert api(alice).delete(path).status_code == 403
    assert api(bob).delete(path).status_code == 204
    gone = api(alice).get(threads(item)).json()["results"][0]["comments"][0]
    assert gone["deleted"] and gone["text"] == ""
    assert Comment.objects.get().text == "Better"
    back = api(bob).patch(path, {"deleted": False}, format="json").json()["comments"][0]
    assert back["text"] == "Better"
    assert api(bob).patch(path, {}, format="json").status_code == 400


def test_a_mention_and_an_answer_leave_notices_that_lead_to_the_thread(api, video_item, alice, bob):
    thread = opened(api, video_item, bob, "Is this a van, @Alice?", frame=12, x=3, y=4)
    notice = Notice.objects.get()
    assert (notice.user, notice.kind, notice.actor) == (alice, "mention", bob)
    assert notice.text == "Bob mentioned you on a.mp4: Is this a van, @Alice?"
    assert notice.url == f"/items/{video_item.pk}/#frame=12&thread={thread['id']}"
    reply = f"/api/v1/threads/{thread['id']}/comments"
    api(alice).post(reply, {"text": "No, a bus"}, format="json")
    answer = Notice.objects.get(user=bob)
    assert (answer.kind, answer.actor) == ("reply", alice)
    api(bob).post(reply, {"text": "@alice thanks"}, format="json")
    assert list(Notice.objects.filter(user=alice).values_list("kind", flat=True)) == ["mention", "mention"]


def test_an_edit_tells_only_who_is_named_for_the_first_time(api, item, team, alice, bob):
    thread = opened(api, item, bob, "@Alice look")
    dora = User.objects.create_user("dora@example.org", "a long enough password", name="Dora")
    Membership.objects.create(team=team, user=dora, role=Role.ANNOTATOR)
    path = f"/api/v1/comments/{thread['comments'][0]['id']}"
    api(bob).patch(path, {"text": "@Alice and @Dora look"}, format="json")
    assert sorted(Notice.objects.values_list("user__name", flat=True)) == ["Alice", "Dora"]


def test_nobody_hears_of_a_blind_copy_that_is_not_theirs(api, item, project, alice, bob, charlie):
    ProjectMembership.objects.create(project=project, user=charlie, role=Role.ANNOTATOR)
    copy = make_item(project, "copy.png")
    copy.replica_of, copy.replica_for = item, bob
    copy.save()
    opened(api, copy, bob, "@Charlie @Alice ?")
    assert Notice.objects.get().user == alice
    assert api(charlie).get(threads(copy)).status_code == 404


def test_names_are_found_as_people_write_them():
    ann, anna, both = User(name="Ann", email="a@x.org"), User(name="Ann Lee", email="b@x.org"), User(name="ann")
    people = [ann, anna, both]
    assert mentioned("@Ann Lee, look", people) == [anna]
    assert mentioned("ask @ANN.", people) == [ann, both]
    assert mentioned("mail a@x.org, not @b@x.org", people) == [anna]
    assert mentioned("@Annette @nobody", people) == []
