"""Teams: making, reading and renaming them."""

import pytest

URL = "/api/v1/teams"


def test_it_works(alice, api):
    made = api(alice).post(URL, {"name": "Lab"})
    assert made.status_code == 201
    assert (made.data["name"], made.data["role"], made.data["personal"]) == ("Lab", "owner", False)
    listed = api(alice).get(URL).data
    assert listed["next"] is None
    assert [team["name"] for team in listed["results"]] == ["Lab", "Alice's team"]
    got = api(alice).get(f"{URL}/{made.data['id']}")
    assert got.data == made.data and got.headers["ETag"]


def test_each_role_is_ones_own(team, alice, bob, api):
    roles = {person: api(person).get(f"{URL}/{team.pk}").data["role"] for person in (alice, bob)}
    assert roles == {alice: "owner", bob: "annotator"}
    assert {t["role"] for t in api(bob).get(URL).data["results"]} == {"annotator", "owner"}


def test_it_validates_ownership(team, charlie, bob, api):
    assert api(charlie).get(f"{URL}/{team.pk}").status_code == 404
    assert api(charlie).patch(f"{URL}/{team.pk}", {"name": "Mine"}).status_code == 404
    assert api().get(URL).status_code == 401
    answer = api(bob).patch(f"{URL}/{team.pk}", {"name": "Mine"})
    assert answer.status_code == 403
    assert answer.data["detail"] == "This needs the role manager; yours is annotator."


def test_renaming_guards_against_overwriting(team, alice, api):
    client = api(alice)
    etag = client.get(f"{URL}/{team.pk}").headers["ETag"]
    renamed = client.patch(f"{URL}/{team.pk}", {"name": "Workshop"}, HTTP_IF_MATCH=etag)
    assert renamed.status_code == 200 and renamed.data["name"] == "Workshop"
    stale = client.patch(f"{URL}/{team.pk}", {"name": "Cellar"}, HTTP_IF_MATCH=etag)
    assert stale.status_code == 412 and "read it again" in stale.data["detail"]
    fresh = client.get(f"{URL}/{team.pk}", HTTP_IF_NONE_MATCH=renamed.headers["ETag"])
    assert fresh.status_code == 304 and fresh.content == b""


@pytest.mark.parametrize("name", ["", "   ", None, "x" * 121, ["a"]])
def test_bad_names_are_refused(alice, api, name):
    answer = api(alice).post(URL, {"name": name})
    assert answer.status_code == 400 and answer.data["errors"][0]["pointer"] == "/name"


def test_personal_cannot_be_set(team, alice, api):
    answer = api(alice).patch(f"{URL}/{team.pk}", {"personal": True})
    assert answer.status_code == 200 and answer.data["personal"] is False
