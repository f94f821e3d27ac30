"""Who goes to train and who to validation: properties that hold for any dataset."""

from __future__ import annotations

from collections import defaultdict

from hypothesis import given
from hypothesis import strategies as st

from training.datasets.split import DOMINANT, Picture, split

PICTURES = st.lists(
    st.builds(
        Picture,
        group=st.sampled_from([f"g{n}" for n in range(12)]),
        frame=st.integers(0, 500),
        fixed=st.sampled_from(["", "", "", "", "train", "val", "test"]),
        blank=st.booleans(),
    ),
    min_size=2,
    max_size=60,
)


@given(pictures=PICTURES, share=st.floats(0.05, 0.9), seed=st.integers(0, 5))
def test_every_picture_has_a_side_the_fixed_ones_theirs_and_it_is_stable(pictures, share, seed):
    done = split(pictures, share, seed)
    assert set(done.sides) <= {"train", "val", "test"}
    assert all(side == picture.fixed for side, picture in zip(done.sides, pictures, strict=True) if picture.fixed)
    assert split(pictures, share, seed).sides == done.sides


@given(pictures=PICTURES)
def test_a_group_is_parted_only_where_it_dominates_and_then_by_time(pictures):
    done = split(pictures)
    sides, frames = defaultdict(set), defaultdict(lambda: defaultdict(list))
    free = [(picture, side) for picture, side in zip(pictures, done.sides, strict=True) if not picture.fixed]
    for picture, side in free:
        sides[picture.group].add(side)
        frames[picture.group][side].append(picture.frame)
    parted = [group for group in sides if len(sides[group]) > 1]
    if done.method != "by time":
        assert parted == []
        return
    assert len(parted) <= 1
    for group in parted:
        assert max(frames[group]["train"]) <= min(frames[group]["val"])
        members = sum(picture.group == group for picture, _ in free)
        labelled = {picture.group for picture, _ in free if not picture.blank}
        assert members > DOMINANT * sum(picture.group in labelled for picture, _ in free)


@given(n=st.integers(2, 200), share=st.floats(0.05, 0.5), seed=st.integers(0, 3))
def test_single_pictures_are_shared_out_exactly(n, share, seed):
    done = split([Picture(f"image {k}") for k in range(n)], share, seed)
    assert done.sides.count("val") == max(1, round(n * share)) < n


@given(n=st.integers(10, 100), seed=st.integers(0, 3))
def test_one_more_picture_moves_at_most_two_others(n, seed):
    before = split([Picture(f"image {k}") for k in range(n)], seed=seed).sides
    after = split([Picture(f"image {k}") for k in range(n + 1)], seed=seed).sides
    assert sum(a != b for a, b in zip(before, after, strict=False)) <= 2


@given(labelled=st.integers(2, 20), blank=st.integers(1, 50), seed=st.integers(0, 5))
def test_blank_pictures_never_take_the_place_of_the_proof(labelled, blank, seed):
    pictures = [Picture(f"image {k}", blank=k >= labelled) for k in range(labelled + blank)]
    sides = split(pictures, seed=seed).sides[:labelled]
    assert {"train", "val"} == set(sides)
