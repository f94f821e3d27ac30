"""Who goes to train and who to validation: properties that hold for any dataset."""

from __future__ import annotations

from collections import Counter, defaultdict

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


@given(pictures=PICTURES, test=st.sampled_from([0.0, 0.1, 0.3]))
def test_a_group_is_parted_only_where_it_dominates_and_then_by_time(pictures, test):
    done = split(pictures, test=test)
    by_hand = {picture.group for picture in pictures if picture.fixed}
    sides, frames = defaultdict(set), defaultdict(lambda: defaultdict(list))
    free = [p for p in zip(pictures, done.sides, strict=True) if p[0].group not in by_hand]
    for picture, side in free:
        sides[picture.group].add(side)
        frames[picture.group][side].append(picture.frame)
    parted = [group for group in sides if len(sides[group]) > 1]
    if done.method != "by time":
        assert parted == []
        return
    assert len(parted) <= 1
    for group in parted:
        ordered = [frames[group][side] for side in ("train", "val", "test") if frames[group][side]]
        assert all(max(a) <= min(b) for a, b in zip(ordered, ordered[1:], strict=False))
        members = sum(picture.group == group for picture, _ in free)
        labelled = {picture.group for picture, _ in free if not picture.blank}
        assert members > DOMINANT * sum(picture.group in labelled for picture, _ in free)


@given(pictures=PICTURES)
def test_what_resembles_a_picture_placed_by_hand_goes_with_it(pictures):
    by_hand = defaultdict(set)
    for picture in pictures:
        if picture.fixed:
            by_hand[picture.group].add(picture.fixed)
    done = split(pictures)
    for picture, side in zip(pictures, done.sides, strict=True):
        if picture.group in by_hand:
            assert side in by_hand[picture.group]
    assert any("by hand" in note for note in done.notes) == any(len(found) > 1 for found in by_hand.values())


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


LABELLED = st.lists(
    st.sets(st.sampled_from(["car", "bus", "dog", "cat", "boat"]), min_size=1, max_size=3), min_size=20, max_size=120
)


def labelled(classes) -> list[Picture]:
    return [Picture(f"image {n}", labels=tuple(sorted(found))) for n, found in enumerate(classes)]


@given(classes=LABELLED, share=st.floats(0.1, 0.4), test=st.sampled_from([0.0, 0.1, 0.2]), seed=st.integers(0, 3))
def test_shares_are_kept_with_every_class_on_each_side_that_can_have_it(classes, share, test, seed):
    pictures = labelled(classes)
    sides = split(pictures, share, seed, test).sides
    assert abs(sides.count("test") - round(len(pictures) * test)) <= 5
    assert abs(sides.count("val") - round(len(pictures) * share)) <= 5
    single = [Picture(f"image {n}", labels=("car" if n % 10 else "bus",)) for n in range(40)]
    proven = [p.labels[0] for p, side in zip(single, split(single, share, seed).sides, strict=True) if side == "val"]
    assert {"car", "bus"} == set(proven)


@given(classes=LABELLED, new=st.sets(st.sampled_from(["car", "bus", "dog"]), min_size=1), seed=st.integers(0, 3))
def test_one_more_labelled_picture_moves_few_others(classes, new, seed):
    before = split(labelled(classes), seed=seed).sides
    after = split(labelled([*classes, new]), seed=seed).sides
    frequency = Counter(label for found in classes for label in found)
    crossing = any((frequency[label] + 1).bit_length() != frequency[label].bit_length() for label in new)
    moved = sum(a != b for a, b in zip(before, after, strict=False))
    assert moved <= (len(classes) // 3 if crossing else 6)
