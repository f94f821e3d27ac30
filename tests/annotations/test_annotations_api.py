"""`items/{id}/annotations`, `tx` and `history` over REST."""

from __future__ import annotations

import pytest

from annotations.models import JournalTx
from annotations.queries import annotations_of
from projects.models import Item
from tests.annotations.conftest import BOX, create, new_id, update

pytestmark = pytest.mark.django_db


@pytest.fixture
def url(item) -> str:
    return f"/api/v1/items/{item.pk}"


def body(*ops, base_rev=0, tx_id="1", **more):
    return {"client_id": "script", "tx_id": tx_id, "base_rev": base_rev, "ops": list(ops), **more}


class TestTx:
    def test_it_works_and_a_repeat_gets_the_same(self, url, api, bob, labels):
        sent = body(create(labels[0]))
        first = api(bob).post(f"{url}/tx", sent)
        assert first.status_code == 200
        assert first.json() == {"tx_id": "1", "rev": 1, "overwritten": [], "skipped": []}
        assert api(bob).post(f"{url}/tx", sent).json() == first.json()
        assert JournalTx.objects.count() == 1

    def test_a_conflict_is_a_problem_with_the_current_shape(self, url, api, alice, bob, labels, a_shape):
        shape = a_shape()
        api(bob).post(f"{url}/tx", body({"op": "delete", "id": shape}, base_rev=1))
        answer = api(alice).post(f"{url}/tx", body(update(shape, label=labels[1]), base_rev=1, tx_id="2"))
        assert answer.status_code == 409 and answer["Content-Type"] == "application/problem+json"
        problem = answer.json()
        assert problem["code"] == "GONE" and problem["current"]["id"] == shape and problem["retryable"] is False

    def test_undo(self, url, api, bob, labels, item):
        api(bob).post(f"{url}/tx", body(create(labels[0])))
        answer = api(bob).post(f"{url}/tx", body(tx_id="2", undo_of="1"))
        assert answer.json()["rev"] == 2 and annotations_of(item) == []

    @pytest.mark.parametrize(
        ("change", "status", "code"),
        [
            ({"ops": []}, 400, "INVALID"),
            ({"ops": "x"}, 400, "INVALID"),
            ({"unknown": 1}, 400, "INVALID"),
            ({"type": "tx"}, 400, "INVALID"),
            ({"tx_id": ""}, 400, "INVALID"),
            ({"tx_id": None}, 400, "INVALID"),
            ({"client_id": 5}, 400, "INVALID"),
            ({"base_rev": -1}, 400, "INVALID"),
            ({"base_rev": True}, 400, "INVALID"),
            ({"base_rev": 9}, 409, "AHEAD"),
            ({"ops": [{"op": "delete", "id": new_id()}]}, 409, "MISSING"),
            ({"ops": [], "undo_of": "none"}, 409, "NOTHING_TO_UNDO"),
        ],
    )
    def test_it_says_what_is_wrong(self, url, api, bob, labels, change, status, code):
        answer = api(bob).post(f"{url}/tx", {**body(create(labels[0])), **change})
        assert (answer.status_code, answer.json()["code"]) == (status, code)

    def test_a_body_that_is_no_object(self, url, api, bob):
        assert api(bob).post(f"{url}/tx", [1]).status_code == 400

    def test_who_may(self, url, api, charlie, bob, labels, team):
        sent = body(create(labels[0]))
        assert api(charlie).post(f"{url}/tx", sent).status_code == 404
        assert api().post(f"{url}/tx", sent).status_code == 401
        team.memberships.filter(user=bob).update(role="viewer")
        assert api(bob).post(f"{url}/tx", sent).status_code == 403

    def test_an_approved_item(self, url, api, bob, labels, item):
        Item.objects.filter(pk=item.pk).update(state="approved")
        answer = api(bob).post(f"{url}/tx", body(create(labels[0])))
        assert (answer.status_code, answer.json()["code"]) == (409, "ITEM_APPROVED")


class TestAnnotations:
    def test_it_is_the_same_as_the_rows(self, url, api, bob, item, a_shape):
        a_shape()
        a_shape({"type": "polygon", "rings": [[["a", 0.1, 2], ["b", 3, 4], [7, 5, 6.25]]]})
        answer = api(bob).get(f"{url}/annotations")
        assert answer.json() == {"rev": 2, "results": annotations_of(item)}

    def test_it_is_not_sent_twice(self, url, api, bob, a_shape):
        a_shape()
        etag = api(bob).get(f"{url}/annotations")["ETag"]
        assert api(bob).get(f"{url}/annotations", headers={"If-None-Match": etag}).status_code == 304
        a_shape()
        again = api(bob).get(f"{url}/annotations", headers={"If-None-Match": etag})
        assert again.status_code == 200 and again["ETag"] != etag

    def test_an_earlier_revision(self, url, api, bob, alice, item, labels, a_shape):
        shape = a_shape()
        then = annotations_of(item)
        api(bob).post(f"{url}/tx", body(update(shape, geometry={**BOX, "x": 99}), base_rev=1))
        assert api(bob).get(f"{url}/annotations?rev=1").json() == {"rev": 1, "results": then}
        assert api(bob).get(f"{url}/annotations?rev=0").json() == {"rev": 0, "results": []}
        assert api(bob).get(f"{url}/annotations?rev=3").status_code == 404
        assert api(bob).get(f"{url}/annotations?rev=x").status_code == 400

    def test_one_frame_of_a_video(self, api, bob, video_item, labels):
        url = f"/api/v1/items/{video_item.pk}"
        for frame in (1, 2):
            op = create(labels[0], frame=frame)
            assert api(bob).post(f"{url}/tx", body(op, tx_id=str(frame))).status_code == 200
        for query in ("frame=2", "frame=2&rev=2"):
            (shape,) = api(bob).get(f"{url}/annotations?{query}").json()["results"]
            assert shape["frame"] == 2

    def test_strangers_get_404(self, url, api, charlie):
        for part in ("annotations", "history"):
            assert api(charlie).get(f"{url}/{part}").status_code == 404


class TestHistory:
    def test_it_lists_in_order_and_page_by_page(self, url, api, bob, alice, a_shape):
        for _ in range(5):
            a_shape()
        page = api(bob).get(f"{url}/history?after=1&limit=2").json()
        assert [row["rev"] for row in page["results"]] == [2, 3]
        assert page["results"][0]["actor"] == {"id": str(alice.pk), "name": "Alice"}
        rest = api(bob).get(page["next"]).json()
        assert [row["rev"] for row in rest["results"]] == [4, 5] and rest["next"] is None
