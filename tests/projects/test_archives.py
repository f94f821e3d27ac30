"""Archives that somebody sent: what is in them can be read, and nothing that they do to the reader's harm."""

from __future__ import annotations

import gzip
import io
import os
import struct
import tarfile
import tracemalloc
import unicodedata
import zipfile
import zlib
from pathlib import Path

import pytest

from projects.archives import ArchiveError, Limits, open_archive

SMALL = Limits(entries=50, file=2**20, total=2**21, ratio=50, harmless=2**16)


def zipped(path: Path, *entries: tuple[str | zipfile.ZipInfo, bytes], how: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", how) as archive:
        for name, data in entries:
            archive.writestr(name, data)
    return path


def tarred(path: Path, *members: tuple[tarfile.TarInfo, bytes], mode: str = "w") -> Path:
    with tarfile.open(path, mode) as archive:
        for info, data in members:
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path


def code_of(path: Path, limits: Limits = SMALL, read: str = "") -> tuple[str, str]:
    """(code, detail) that opening, and then reading an entry, is refused with."""
    with pytest.raises(ArchiveError) as caught, open_archive(path, limits=limits) as archive:
        for name in archive.names():
            with archive.open(name) as file:
                while file.read(1000):
                    pass
    return caught.value.code, caught.value.detail


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    (root / "sub").mkdir(parents=True)
    (root / "a.txt").write_bytes(b"one")
    (root / "sub" / "a.txt").write_bytes(b"two" * 1000)
    return root


def test_every_kind_reads_the_same(folder, tmp_path):
    flat = zipped(
        tmp_path / "x.zip", *[(p.relative_to(folder).as_posix(), p.read_bytes()) for p in folder.rglob("*.txt")]
    )
    for mode, name in (("w", "x.tar"), ("w:gz", "x.tgz")):
        with tarfile.open(tmp_path / name, mode) as archive:
            archive.add(folder, ".")
    for path in (folder, flat, tmp_path / "x.tar", tmp_path / "x.tgz"):
        with open_archive(path) as archive:
            assert archive.names() == ["a.txt", "sub/a.txt"], path
            assert [archive.size(name) for name in archive.names()] == [3, 3000]
            with archive.open("sub/a.txt") as file, archive.open("a.txt") as other:
                assert (file.read(4), other.read(), file.read()) == (b"twot", b"one", (b"two" * 1000)[4:])
            assert archive.done == 1.0
            with pytest.raises(KeyError):
                archive.open("b.txt")


def test_a_single_file_has_the_name_that_it_was_sent_with(tmp_path):
    (tmp_path / "upload").write_bytes(b'{"images": []}')
    (tmp_path / "upload2").write_bytes(gzip.compress(b'{"images": []}'))
    for file, name in (("upload", "C:\\x\\coco.json"), ("upload2", "coco.json.gz")):
        with open_archive(tmp_path / file, name) as archive:
            assert archive.names() == ["coco.json"]
            assert archive.open("coco.json").read() == b'{"images": []}'


@pytest.mark.parametrize(
    "name", ["../a", "a/../../b", "/etc/passwd", "C:\\a", "c:a", "..\\a", "\\\\host\\share", "a\n.txt", "x" * 2000]
)
def test_names_that_lead_out_are_refused(tmp_path, name):
    code, detail = code_of(zipped(tmp_path / "x.zip", (name, b"x")))
    assert code in ("unsafe-name", "bad-name") and "pack it again" in detail or "rename" in detail
    assert code_of(tarred(tmp_path / "x.tar", (tarfile.TarInfo(name), b"x")))[0] == code


def test_a_name_with_nul_is_refused(tmp_path):
    path = zipped(tmp_path / "x.zip", ("a.txt_b", b"x"))
    path.write_bytes(path.read_bytes().replace(b"a.txt_b", b"a.txt\0b"))
    assert code_of(path)[0] in ("bad-name", "damaged")


def test_links_and_devices_are_refused(folder, tmp_path):
    link = zipfile.ZipInfo("link")
    link.create_system, link.external_attr = 3, 0o120777 << 16
    assert code_of(zipped(tmp_path / "x.zip", (link, b"/etc/passwd")))[0] == "link"
    for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE):
        info = tarfile.TarInfo("link")
        info.type, info.linkname = kind, "/etc/passwd"
        code, detail = code_of(tarred(tmp_path / "x.tar", (info, b"")))
        assert code == "link" and "'link'" in detail
    (folder / "link").symlink_to("/etc/passwd")
    assert code_of(folder)[0] == "link"


def test_encrypted_entries_are_refused(tmp_path):
    path = zipped(tmp_path / "x.zip", ("a.txt", b"x"))
    data = bytearray(path.read_bytes())
    at = data.index(b"PK\1\2")
    data[at + 8] |= 1
    path.write_bytes(data)
    code, detail = code_of(path)
    assert code == "encrypted" and "'a.txt'" in detail and "without a password" in detail


def test_a_rare_compression_is_refused(tmp_path):
    for how in (zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        assert code_of(zipped(tmp_path / "x.zip", ("a.txt", b"x"), how=how))[0] == "compression"
    for head, kind in ((b"7z\xbc\xaf\x27\x1c", "7-Zip"), (b"Rar!\x1a\7", "RAR")):
        (tmp_path / "other").write_bytes(head + b"rest")
        code, detail = code_of(tmp_path / "other")
        assert code == "unknown-archive" and kind in detail


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize(
    ("one", "two"),
    [("a.txt", "a.txt"), ("a.txt", "A.TXT"), ("é.txt", unicodedata.normalize("NFD", "é.txt")), ("./a", "a")],
)
def test_two_entries_with_one_name_are_refused(tmp_path, one, two):
    code, detail = code_of(zipped(tmp_path / "x.zip", (one, b"1"), (two, b"2")))
    assert code == "same-name" and "Rename one" in detail
    assert code_of(tarred(tmp_path / "x.tar", (tarfile.TarInfo(one), b"1"), (tarfile.TarInfo(two), b"2")))[0] == code


def test_the_same_name_in_two_folders_and_what_systems_leave_behind_is_fine(tmp_path):
    names = ["a/x.png", "b/x.png", "__MACOSX/a/._x.png", "a/.DS_Store", "Thumbs.db"]
    with open_archive(zipped(tmp_path / "x.zip", *[(name, b"1") for name in names])) as archive:
        assert archive.names() == ["a/x.png", "b/x.png"]


def test_names_in_utf_8_that_do_not_say_so_are_read(tmp_path):
    info = zipfile.ZipInfo("é.png")
    path = zipped(tmp_path / "x.zip", (info, b"1"))
    data = bytearray(path.read_bytes())
    for mark, at in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        start = data.index(mark)
        flags = struct.unpack_from("<H", data, start + at)[0] & ~0x800
        struct.pack_into("<H", data, start + at, flags)
    path.write_bytes(data)
    with open_archive(path) as archive:
        assert archive.names() == ["é.png"] and archive.open("é.png").read() == b"1"


class TestBombs:
    def test_an_entry_that_inflates_a_thousandfold_is_stopped_on_the_way(self, tmp_path):
        path = zipped(tmp_path / "x.zip", ("zeros", bytes(900_000)))
        code, detail = code_of(path)
        assert code == "too-large" and "'zeros'" in detail

    def test_headers_may_lie(self, tmp_path):
        path = zipped(tmp_path / "x.zip", ("zeros", bytes(900_000)))
        data = path.read_bytes().replace(struct.pack("<L", 900_000), struct.pack("<L", 10))
        path.write_bytes(data)
        assert code_of(path)[0] == "damaged", "cut off where the header ends, the checksum is another"

    def test_all_entries_together_count(self, tmp_path):
        noise = os.urandom(300_000)
        limits = Limits(entries=50, file=2**20, total=1_000_000, ratio=50, harmless=2**16)
        path = zipped(tmp_path / "x.zip", *[(f"{n}.bin", noise) for n in range(4)], how=zipfile.ZIP_STORED)
        code, detail = code_of(path, limits)
        assert code == "too-large" and "in all" in detail

    def test_what_is_read_again_counts_once(self, tmp_path):
        path = zipped(tmp_path / "x.zip", ("a.bin", os.urandom(600_000)))
        with open_archive(path, limits=Limits(entries=5, file=2**20, total=700_000)) as archive:
            for _ in range(3):
                assert len(archive.open("a.bin").read()) == 600_000

    def test_entries_that_overlap_count_each(self, tmp_path):
        """A directory whose entries all name the same bytes."""
        path = zipped(tmp_path / "x.zip", *[(f"{n:02}", bytes(60_000)) for n in range(40)])
        data = bytearray(path.read_bytes())
        at = data.index(b"PK\1\2")
        for _ in range(40):
            struct.pack_into("<L", data, at + 42, 0)
            at = data.find(b"PK\1\2", at + 1)
        path.write_bytes(data)
        assert code_of(path)[0] in ("too-large", "damaged")

    def test_a_tar_that_was_compressed(self, tmp_path):
        code, detail = code_of(tarred(tmp_path / "x.tgz", (tarfile.TarInfo("zeros"), bytes(900_000)), mode="w:gz"))
        assert code == "too-large"

    def test_an_archive_within_stays_closed(self, tmp_path):
        inner = zipped(tmp_path / "inner.zip", ("zeros", bytes(900_000)))
        outer = zipped(tmp_path / "x.zip", ("inner.zip", inner.read_bytes()))
        with open_archive(outer, limits=SMALL) as archive:
            assert archive.names() == ["inner.zip"] and archive.open("inner.zip").read() == inner.read_bytes()

    def test_a_tar_header_as_large_as_memory(self, tmp_path):
        info = tarfile.TarInfo("x")
        info.type, info.size = tarfile.XHDTYPE, 2**32
        (tmp_path / "x.tar").write_bytes(info.tobuf(tarfile.USTAR_FORMAT) + bytes(1024))
        assert code_of(tmp_path / "x.tar")[0] == "damaged"


class TestTooManyEntries:
    def test_the_end_record_says_so(self, tmp_path):
        path = zipped(tmp_path / "x.zip", *[(f"{n}", b"") for n in range(60)])
        assert code_of(path)[0] == "too-many-entries"
        assert code_of(tarred(tmp_path / "x.tar", *[(tarfile.TarInfo(f"{n}"), b"") for n in range(60)]))[0] == (
            "too-many-entries"
        )

    def test_the_end_record_lies(self, tmp_path):
        path = zipped(tmp_path / "x.zip", *[(f"{n}", b"") for n in range(60)])
        data = bytearray(path.read_bytes())
        struct.pack_into("<2H", data, data.rindex(b"PK\5\6") + 8, 1, 1)
        path.write_bytes(data)
        assert code_of(path)[0] == "too-many-entries"

    def test_two_millions_are_refused_without_listing_them(self, tmp_path):
        """By the directory alone: 46 bytes and a name each, as a hostile packer would write them."""
        entry = struct.pack("<4s6H3L5H2L", b"PK\1\2", 20, 20, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0) + b"a"
        count = 2_000_000
        directory = entry * count
        end_64 = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, count, count, len(directory), 0)
        locator = struct.pack("<4sLQL", b"PK\6\7", 0, len(directory), 1)
        end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
        (tmp_path / "x.zip").write_bytes(b"PK\3\4" + directory + end_64 + locator + end)
        tracemalloc.start()
        try:
            code, detail = code_of(tmp_path / "x.zip", Limits())
            assert code == "too-many-entries" and "200,000" in detail
            assert tracemalloc.get_traced_memory()[1] < 2**24
        finally:
            tracemalloc.stop()


class TestDamage:
    def test_a_zip_that_was_cut_off(self, tmp_path):
        whole = zipped(tmp_path / "x.zip", ("a", os.urandom(5000))).read_bytes()
        (tmp_path / "x.zip").write_bytes(whole[:3000])
        assert code_of(tmp_path / "x.zip")[0] == "damaged"

    def test_bytes_that_changed_on_the_way(self, tmp_path):
        path = zipped(tmp_path / "x.zip", ("a.bin", os.urandom(5000)))
        data = bytearray(path.read_bytes())
        data[2000] ^= 0xFF
        path.write_bytes(data)
        code, detail = code_of(path)
        assert code == "damaged" and "'a.bin'" in detail

    def test_a_gzip_that_was_cut_off(self, tmp_path):
        (tmp_path / "x.gz").write_bytes(gzip.compress(os.urandom(5000))[:3000])
        assert code_of(tmp_path / "x.gz")[0] == "damaged"

    def test_nothing_at_all(self, tmp_path):
        (tmp_path / "x.zip").write_bytes(b"")
        assert code_of(tmp_path / "x.zip")[0] == "empty"

    def test_garbage_never_breaks_the_reader(self, tmp_path):
        """Each byte of a small zip and tar changed in turn: read, or refused in words."""
        for path in (
            zipped(tmp_path / "x.zip", ("a/b.txt", b"hello"), ("c", zlib.compress(b"x" * 100))),
            tarred(tmp_path / "x.tar", (tarfile.TarInfo("a/b.txt"), b"hello")),
        ):
            whole = path.read_bytes()
            for at in range(min(len(whole), 700)):
                path.write_bytes(whole[:at] + bytes([whole[at] ^ 0xA5]) + whole[at + 1 :])
                try:
                    with open_archive(path, limits=SMALL) as archive:
                        for name in archive.names():
                            archive.open(name).read()
                except ArchiveError as error:
                    assert error.detail
