"""Segmenting by clicks: real files, real loading and the whole way from a click to a suggestion."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from annotations import queries
from annotations.models import JournalTx
from tests.training.tiny_sam import QUALITY, write_decoder, write_encoder
from training.assist.segmenter import Embeddings, NoWeights, Segmenter, Weights, find_weights, resized

RED, BLUE = (220, 40, 40), (40, 60, 220)


def blobs(width: int = 640, height: int = 480):
    """Two red squares and a blue one on grey."""
    picture = np.full((height, width, 3), 128, np.uint8)
    cv2.rectangle(picture, (100, 100), (259, 259), RED, -1)
    cv2.rectangle(picture, (400, 100), (459, 159), RED, -1)
    cv2.rectangle(picture, (350, 290), (549, 409), BLUE, -1)
    return picture


@pytest.fixture
def weights(settings, tmp_path):
    settings.DATA_DIR = tmp_path / "data"
    folder = settings.WEIGHTS_DIR
    folder.mkdir()
    return Weights(write_encoder(folder / "mobile_sam.encoder.onnx"), write_decoder(folder / "mobile_sam.decoder.onnx"))


@pytest.fixture
def item(project, add_image):
    return add_image(project, "blobs.jpg", blobs())


def ask(client, item, points, **body):
    label = str(item.project.labels.get(name="car").pk)
    return client.post(f"/api/v1/items/{item.pk}/assist/click", {"points": points, "label": label, **body})


def extent(geometry) -> tuple[float, float, float, float]:
    xs, ys = [v[1] for v in geometry["rings"][0]], [v[2] for v in geometry["rings"][0]]
    return min(xs), min(ys), max(xs), max(ys)


def test_a_click_is_the_object_under_it(api, bob, item, weights):
    answer = ask(api(bob), item, [[180, 180, 1]])
    assert answer.status_code == 201, answer.data
    (made,) = answer.data["annotations"]
    assert extent(made["geometry"]) == pytest.approx((100, 100, 260, 260), abs=4), "and not the other red one"
    assert made["confidence"] == pytest.approx(QUALITY, abs=0.01)
    (stored,) = queries.annotations_of(item)
    assert (stored["source"], stored["geometry"]) == ("model", made["geometry"])
    assert JournalTx.objects.get(item=item).client_id == "assist:click"
    box = ask(api(bob), item, [[440, 350, 1]], **{"as": "box"}).data["annotations"][0]["geometry"]
    assert (box["x"], box["y"], box["w"], box["h"]) == pytest.approx((350, 290, 200, 120), abs=8)


def test_further_clicks_take_the_place_of_the_suggestion(api, bob, item, weights):
    first = ask(api(bob), item, [[180, 180, 1]]).data["annotations"][0]
    points = [[180, 180, 1], [440, 350, 1]]
    second = ask(api(bob), item, points, replaces=first["id"], **{"as": "mask"})
    (made,) = second.data["annotations"]
    assert [shape["id"] for shape in queries.annotations_of(item)] == [made["id"]]
    from faster_coco_eval.core import mask as coco

    rle = {"size": made["geometry"]["size"], "counts": made["geometry"]["counts"].encode()}
    assert coco.area(rle) == pytest.approx(160 * 160 + 60 * 60 + 200 * 120, rel=0.05)
    both = ask(api(bob), item, [*points, [420, 350, 0]], replaces=made["id"], **{"as": "mask"}).data["annotations"][0]
    rle = {"size": both["geometry"]["size"], "counts": both["geometry"]["counts"].encode()}
    assert coco.area(rle) < 160 * 160 + 60 * 60 + 500, "what is like the click beside it does not belong to it"


def test_the_encoder_runs_once_a_frame(api, bob, item, weights, settings):
    assert ask(api(bob), item, [[180, 180, 1]]).status_code == 201
    folder = settings.DATA_DIR / "cache" / "embeddings"
    (kept,) = folder.glob("*.npy")
    before = kept.read_bytes()
    item.asset.file.storage.delete(item.asset.file.name)  # who has to look at the picture again fails from now on
    assert ask(api(bob), item, [[440, 350, 1]]).status_code == 201
    assert [path.read_bytes() for path in folder.iterdir()] == [before]


def test_both_kinds_of_encoders_see_the_same(weights, tmp_path):
    other = Weights(write_encoder(tmp_path / "sam.encoder.onnx", normalised=True), weights.decoder)
    picture = cv2.resize(blobs(), (2000, 1500), interpolation=cv2.INTER_NEAREST)
    masks = []
    for pair in (weights, other):
        segmenter = Segmenter(pair)
        mask, _ = segmenter.segment(segmenter.embed(picture), (2000, 1500), [(560.0, 560.0, True)])
        assert mask.shape == (768, 1024)
        masks.append(mask)
    assert (masks[0] != masks[1]).mean() < 0.005
    assert masks[0].sum() == pytest.approx(768 * 1024 / (640 * 480) * (160 * 160 + 60 * 60), rel=0.06)


def test_a_tall_and_a_small_picture_are_fitted():
    assert (resized(640, 480), resized(480, 640), resized(30, 10)) == ((1024, 768), (768, 1024), (1024, 341))


def test_embeddings_are_bounded_and_survive_a_broken_file(tmp_path):
    kept = Embeddings(tmp_path / "cache", most_bytes=5000)
    made = []

    def make(n: int):
        def embed():
            made.append(n)
            return np.full((1, 8, 8, 8), n, np.float32)

        return embed

    for n in (1, 2, 1, 3, 4, 5):
        assert kept.get(str(n), make(n))[0, 0, 0, 0] == n
    assert made == [1, 2, 3, 4, 5], "asked for twice, made once"
    files = list((tmp_path / "cache").iterdir())
    assert sum(path.stat().st_size for path in files) <= 5000 + 1024
    assert kept.get("2", make(2)) is not None and made[-1] == 2, "the longest unused one had gone"
    for path in (tmp_path / "cache").iterdir():
        path.write_bytes(path.read_bytes()[:200])
    assert kept.get("5", make(5))[0, 0, 0, 0] == 5 and made[-1] == 5


def test_pairs_are_found_by_their_names(tmp_path):
    with pytest.raises(NoWeights, match=r"mobile_sam.encoder.onnx and mobile_sam.decoder.onnx.*WEIGHTS_DIR"):
        find_weights(tmp_path / "nowhere")
    (tmp_path / "mobile_sam_image_encoder.onnx").touch()
    with pytest.raises(NoWeights, match="without its decoder: mobile_sam_image_decoder.onnx"):
        find_weights(tmp_path)
    (tmp_path / "sam_mask_decoder_multi.onnx").touch()
    assert find_weights(tmp_path).decoder.name == "sam_mask_decoder_multi.onnx"


def test_what_is_no_such_network_says_so(weights, tmp_path):
    broken = tmp_path / "broken.encoder.onnx"
    broken.write_bytes(b"not a network")
    with pytest.raises(NoWeights, match="broken.encoder.onnx cannot be loaded"):
        Segmenter(Weights(broken, weights.decoder))
    with pytest.raises(NoWeights, match="is no decoder of SAM: it has no input image_embeddings"):
        Segmenter(Weights(weights.encoder, weights.encoder))


def test_without_weights_the_answer_says_how_to_get_them(api, bob, charlie, item):
    answer = ask(api(bob), item, [[180, 180, 1]])
    assert (answer.status_code, answer.data["code"]) == (409, "no-weights")
    assert "mobile_sam.encoder.onnx" in answer.data["detail"]
    tools = api(bob).get(f"/api/v1/items/{item.pk}/assist").data
    assert tools == {"click": {"ready": False, "detail": answer.data["detail"]}, "model": ""}
    assert api(charlie).get(f"/api/v1/items/{item.pk}/assist").status_code == 404


def test_with_weights_the_tool_is_ready(api, bob, item, weights):
    assert api(bob).get(f"/api/v1/items/{item.pk}/assist").data["click"] == {"ready": True, "detail": ""}


@pytest.mark.parametrize(
    ("points", "pointer"),
    [
        ([], "/points"),
        ([[10, 10]], "/points/0"),
        ([[10, 10, 1], [700, 10, 1]], "/points/1"),
        ([["nan", 10, 1]], "/points/0/0"),
        ([[10, 10, 0]], "/points"),
        ([[10, 10, 2]], "/points/0"),
        ([[10, 10, 1]] * 51, "/points"),
    ],
)
def test_points_that_make_no_sense_are_refused(api, bob, item, points, pointer):
    answer = ask(api(bob), item, points)
    assert (answer.status_code, answer.data["errors"][0]["pointer"]) == (400, pointer), answer.data


def test_only_a_suggestion_can_be_replaced(api, bob, charlie, item, draw, weights):
    drawn = draw(item, "car", 10, 10, 20, 20)
    refused = ask(api(bob), item, [[180, 180, 1]], replaces=str(drawn.pk))
    assert refused.data["errors"][0]["pointer"] == "/replaces"
    assert ask(api(charlie), item, [[180, 180, 1]]).status_code == 404
