"""Labels arrive from a file: on the right items, under the right labels, with the journal's guarantees."""

from __future__ import annotations

import pytest

from annotations import journal
from annotations.models import Annotation, JournalTx
from annotations.queries import annotations_of
from projects.models import Item, Label
from tests.annotations.conftest import SQUARE, create, make_item, tx
from tests.annotations.importing import bring, coco, native, packed
from tests.annotations.test_commit import assert_journal_is_truth

pytestmark = pytest.mark.django_db(transaction=True)


def test_boxes_arrive_on_their_items_with_the_journals_guarantees(project, alice):
    items = [make_item(project, f"a/{n}.png") for n in range(3)]
    boxes = [(f"a/{n}.png", "car", [10.5 + k, 20, 30, 40]) for n in range(2) for k in range(600)]
    job = bring(project, alice, coco({f"a/{n}.png": (640, 480) for n in range(3)}, boxes))
    assert job.status == "succeeded", job.error
    assert job.result["format"] == "coco" and job.result["pictures"]["matched"] == 3
    assert job.result["shapes"]["taken"] == 1200 and job.result["shapes"]["by_type"] == {"box": 1200}
    assert job.result["labels"][0]["how"] == "name" and job.result["labels"][0]["count"] == 1200
    for item, txs in zip(items, (2, 2, 0), strict=True):
        assert_journal_is_truth(item)
        assert item.rev == txs and item.detections == 300 * txs
        assert [row.ops and len(row.ops) for row in JournalTx.objects.filter(item=item)] == [500, 100][:txs]
    shape = annotations_of(items[0])[0]
    assert (shape["source"], shape["author"], shape["detection_id"]) == ("import", str(alice.pk), 1)
