"""JSON of any size, cut into pieces: the same values as at once, in flat memory; and the spool behind it."""

from __future__ import annotations

import io
import json
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annotations.formats import jsonstream
from annotations.formats.base import FormatError
from annotations.formats.jsonstream import Elements, sections
from annotations.formats.spool import Pile, Spool

TEXTS = st.sampled_from(("", "a", "},{", '"', "\\", "ü€😀", "]", "},\n {", "[{"))
LEAVES = st.one_of(st.none(), st.booleans(), st.integers(-(2**60), 2**60), st.floats(-1e9, 1e9), TEXTS)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(TEXTS, inner, max_size=4)),
    max_leaves=20,
)
FORMS = st.sampled_from(({}, {"indent": 2}, {"separators": (",", ":")}, {"ensure_ascii": False}))


def whole(data, chunk=1 << 20):
    class Slow(io.BytesIO):
        def read(self, count=-1):
            return super().read(min(count, chunk) if count > 0 else chunk)

    return {
        key: [value for _, value in section] if isinstance(section, Elements) else section
        for key, section in sections(Slow(data), "a.json")
    }


@pytest.mark.parametrize("chunk", [7, 64, 4096])
@settings(max_examples=15)
@given(document=st.dictionaries(TEXTS, VALUES, max_size=4), form=FORMS)
def test_it_reads_what_a_parser_of_the_whole_reads(chunk, document, form):
    before, jsonstream._CHUNK = jsonstream._CHUNK, chunk
    try:
        assert whole(json.dumps(document, **form).encode(), chunk) == document
    finally:
        jsonstream._CHUNK = before


@settings(max_examples=20)
@given(rows=st.lists(VALUES, max_size=20), form=FORMS)
def test_a_bare_list_is_one_section(rows, form):
    assert whole(json.dumps(rows, **form).encode()) == {"": rows}


def test_a_section_that_nobody_reads_is_passed_over():
    data = json.dumps({"a": [{"b": 1}] * 5000, "c": 3}).encode()
    assert [key for key, _ in sections(io.BytesIO(data), "a.json")] == ["a", "c"]


def test_nan_is_read_and_numbers_count_from_the_first_element():
    ((_, elements),) = ((k, list(s)) for k, s in sections(io.BytesIO(b'[{"a": NaN}, {"a": 2}]'), "a"))
    assert [index for index, _ in elements] == [0, 1] and elements[0][1]["a"] != elements[0][1]["a"]


@pytest.mark.parametrize(
    ("text", "line"),
    [("", 1), ("x", 1), ("[1", 1), ("{\n\n]", 3), ('{"a":\n[1 2]}', 2), ('[{},\n{"b":\n', 2), ('{"a":[{}]', 1),
     ("[" * 90000, 1), ('{"a": [{"b": ' + "[" * 90000, 1), ("\xff\xfe[", 1), ('{"a" 1}', 1),
     ('{"a": 1}\n\n}', 3), ('[{}]\n[]', 2), ("[] x", 1)],
)  # fmt: skip
def test_what_is_no_json_is_refused_with_its_line(text, line):
    with pytest.raises(FormatError) as refused:
        whole(text.encode("latin-1"))
    assert refused.value.where == f"line {line}" and refused.value.file == "a.json"


class Endless(io.RawIOBase):
    """A list of many annotations, made as it is read."""

    def __init__(self, count):
        self.rows = iter([b'{"a":[{}'] + [b',{"image_id":%d,"bbox":[1,2,3,4]}' % n for n in range(count)] + [b"]}"])
        self.left = b""

    def read(self, count=-1):
        while len(self.left) < count:
            row = next(self.rows, None)
            if row is None:
                break
            self.left += row
        data, self.left = self.left[:count], self.left[count:]
        return data


def test_memory_does_not_grow_with_the_number_of_annotations():
    """Peak of Python's own memory for few and for many rows, the rows' source itself left out."""

    def peak(count):
        source = Endless(count)
        tracemalloc.start()
        spool = Spool()
        for _, section in sections(source, "a"):
            for n, row in section:
                spool.add(n % 100, row)
        groups = sum(len(rows) for _, rows in spool.groups())
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert groups == count + 1
        return most

    jsonstream._CHUNK, before = 1 << 13, jsonstream._CHUNK
    try:
        few, many = peak(1_000), peak(9_000)
    finally:
        jsonstream._CHUNK = before
    assert many - few < 8_000 * 80  # numbers of a record, not the record


@settings(max_examples=30)
@given(st.lists(st.tuples(st.integers(0, 5), VALUES), max_size=20))
def test_records_come_back_by_key_in_the_order_they_came(records):
    spool = Spool()
    kept = []
    for key, record in records:
        try:
            spool.add(key, record)
        except TypeError:  # a whole number of more than 64 bits
            continue
        kept.append((1 if key == 3 else key, record))
    wanted = {}
    for key, record in kept:
        wanted.setdefault(key, []).append(record)
    assert dict(spool.groups({3: 1})) == wanted and len(spool) == len(kept)


def test_a_pile_is_copied_with_commas_between():
    pile, target = Pile(), io.BytesIO()
    for n in range(3):
        pile.add({"n": n})
    pile.copy(target)
    assert json.loads(b"[" + target.getvalue() + b"]") == [{"n": 0}, {"n": 1}, {"n": 2}] and len(pile) == 3
