"""Which item of the project each picture of a file is; those that the project lacks are taken from the archive."""

from __future__ import annotations

import hashlib
import posixpath
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import orjson
from django.conf import settings

from annotations.bulk import Target
from annotations.formats.base import Report
from annotations.formats.common import is_image, is_video
from annotations.formats.records import Picture
from annotations.imports import files
from annotations.imports.wishes import DRY_RUN, MERGE, SKIP, Wishes
from annotations.models import Annotation, JournalTx
from projects import intake
from projects.archives import Archive
from projects.ids import uuid7
from projects.models import Item, Job
from projects.models.item import Split, State

_MOST_UNMATCHED = 50
_COLUMNS = (
    "id",
    "path",
    "rev",
    "detections",
    "annotation_count",
    "state",
    "asset__kind",
    "asset__width",
    "asset__height",
    "asset__video__frames",
    "asset__sha256",
)


@dataclass(slots=True)
class Known:
    """An item that the file speaks of.

    Attributes:
        left: It has shapes, and is to be left alone.
        resumed: An earlier attempt of this job has written it.
        there: Shapes that it has, by `key_of`, to be left out of what comes.
    """

    target: Target
    labelled: bool = False
    left: bool = False
    resumed: bool = False
    there: Counter[bytes] | None = None


@dataclass
class Figures:
    total: int = 0
    matched: int = 0
    new: int = 0
    missing: int = 0
    conflicts: int = 0
    approved: int = 0
    unmatched: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        counts = {name: getattr(self, name) for name in ("total", "matched", "new", "missing")}
        return {**counts, "unmatched_paths": self.unmatched}


class Pictures:
    """Finds items by path, else by a base name (or one without its ending) that only one item has."""

    def __init__(self, job: Job, wishes: Wishes, archive: Archive, client: str, report: Report) -> None:
        self.job, self.wishes, self.archive, self.client, self.report = job, wishes, archive, client, report
        self.figures = Figures()
        self.media_used: set[str] = set()
        self._known: dict[str, Known | None] = {}
        self._claimed: dict[str, str] = {}
        self._counted: set[str] = set()
        self._names = frozenset(archive.names())
        self._by_base: dict[str, str | None] | None = None

    def find(self, pictures: Sequence[Picture]) -> list[Known | None]:
        """The item of each picture, None for those that are nowhere; one look into the database for all of them."""
        self.media_used.update(picture.media for picture in pictures)
        self._load({self._key(picture) for picture in pictures} - self._known.keys())
        return [self._of(picture) for picture in pictures]

    def targets(self) -> Iterator[Target]:
        """The items that are to be written, with or without shapes."""
        for known in self._known.values():
            if known is not None and not known.left and not known.resumed and known.target.id in self._claimed:
                if not (known.target.parts or known.target.pending):
                    known.target.shapes = MERGE  # nothing comes in the place of what it has
                yield known.target

    def unnamed(self) -> list[str]:
        """The archive's pictures and videos that no label file speaks of, and that nobody read as labels."""
        if not self.wishes.media:
            return []
        return [
            name for name in self.archive.unread() if name not in self.media_used and (is_image(name) or is_video(name))
        ]

    def frame_of(self, picture: Picture, known: Known) -> int | None:
        """Which frame of its video a picture is, where it is one."""
        return picture.frame if known.target.frames is not None else None

    def _key(self, picture: Picture) -> str:
        return intake.clean_path(picture.of_video or picture.path)

    def _load(self, paths: Iterable[str]) -> None:
        rows = list(Item.objects.filter(project=self.job.project_id, path__in=list(paths)).values(*_COLUMNS))
        self._keep(rows)

    def _keep(self, rows: list[dict[str, Any]]) -> None:
        ids = [row["id"] for row in rows]
        done: set[Any] = set()
        if self.job.attempt > 1:
            done = set(JournalTx.objects.filter(item__in=ids, client_id=self.client).values_list("item", flat=True))
        for row in rows:
            self._known[row["path"]] = self._known_of(row, row["id"] in done)
        if self.wishes.conflicts == MERGE:
            self._load_shapes([known for row in rows if (known := self._known[row["path"]]) and known.labelled])

    def _known_of(self, row: dict[str, Any], resumed: bool) -> Known:
        frames = (row["asset__video__frames"] or 0) if row["asset__kind"] == "video" else None
        labelled = row["annotation_count"] > 0 and not resumed
        target = Target(
            str(row["id"]),
            row["rev"],
            row["detections"],
            row["asset__width"],
            row["asset__height"],
            frames,
            shapes=self.wishes.conflicts,
            path=row["path"],
            state=row["state"],
        )
        return Known(target, labelled, labelled and self.wishes.conflicts == SKIP, resumed)

    def _load_shapes(self, those: list[Known]) -> None:
        by_item = {known.target.id: known for known in those}
        for known in those:
            known.there = Counter()
        shapes = Annotation.objects.filter(item__in=list(by_item), deleted=False)
        for item, *shape in shapes.values_list("item", "label", "frame", "geometry", "keyframes"):
            there = by_item[str(item)].there
            assert there is not None
            there[key_of(*shape)] += 1

    def _of(self, picture: Picture) -> Known | None:
        key = self._key(picture)
        if key not in self._known:
            self._known[key] = self._elsewhere(picture, key)
        if key not in self._counted:
            self._counted.add(key)
            self._count(picture, self._known[key])
        known = self._known[key]
        if known is not None and self._claimed.setdefault(known.target.id, key) != key:
            text = f"{picture.path} and {self._claimed[known.target.id]} are both {known.target.path} of the project."
            self.report.refuse("picture-twice", f"{text} Give one of them its whole path.", picture.path)
            return None
        return known

    def _count(self, picture: Picture, known: Known | None) -> None:
        figures = self.figures
        figures.total += 1
        if known is None:
            figures.missing += 1
            if len(figures.unmatched) < _MOST_UNMATCHED:
                figures.unmatched.append(picture.path)
            return
        figures.new += known.target.fresh
        figures.matched += not known.target.fresh
        figures.conflicts += known.labelled
        figures.approved += known.target.state == "approved" and not known.left and not known.target.fresh

    def _elsewhere(self, picture: Picture, key: str) -> Known | None:
        media = picture.media if self.wishes.media and picture.media in self._names else ""
        return self._by_name(key, media) or (self._fresh(picture, media) if media else None)

    def _by_name(self, key: str, media: str) -> Known | None:
        """The only item with such a name; where the archive has pixels they have to be the item's."""
        names = self._base_names()
        base = posixpath.basename(key)
        path = names.get(base) or names.get(posixpath.splitext(base)[0] + ".*")
        if path is None:
            return None
        row = Item.objects.filter(project=self.job.project_id, path=path).values(*_COLUMNS).first()
        if row is None or (media and self._digest(media) != row["asset__sha256"]):
            return None
        if path not in self._known:
            self._keep([row])
        return self._known[path]

    def _base_names(self) -> dict[str, str | None]:
        """Base names of the project's items to paths; None for a name that several have. "a.*" stands for a stem."""
        if self._by_base is None:
            names: dict[str, str | None] = {}
            for path in Item.objects.filter(project=self.job.project_id).values_list("path", flat=True).iterator():
                base = posixpath.basename(path)
                for name in (base, posixpath.splitext(base)[0] + ".*"):
                    names[name] = None if name in names else path
            self._by_base = names
        return self._by_base

    def _digest(self, media: str) -> str:
        with self.archive.open(media) as file:
            return hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]

    # What the project lacks

    def _fresh(self, picture: Picture, media: str) -> Known | None:
        path = intake.clean_path(picture.path)
        if not posixpath.splitext(path)[1]:
            path += posixpath.splitext(media)[1]
        target = Target(str(uuid7()), fresh=True, path=path, split=_valid(picture.split, Split.values, ""))
        target.state = _valid(picture.state, State.values, State.TO_DO)
        if self.wishes.mode == DRY_RUN:
            target.width, target.height, target.frames = picture.width, picture.height, picture.frames
            return Known(target)
        try:
            self._take(media, target)
        except intake.IntakeError as error:
            self.report.refuse("media", error.detail, media)
            return None
        return Known(target)

    def _take(self, media: str, target: Target) -> None:
        team = self.job.project.team
        with tempfile.NamedTemporaryFile(prefix="import-", dir=settings.FILE_UPLOAD_TEMP_DIR) as copy:
            self._unpack(media, copy)
            asset, new = intake.store_file(team, Path(copy.name), posixpath.basename(media), self.job.created_by)
        if new:
            files.remember_asset(self.job.pk, asset.pk)
        target.asset, target.width, target.height = str(asset.pk), asset.width, asset.height
        target.frames = asset.frames if asset.kind == "video" else None

    def _unpack(self, media: str, copy: IO[bytes]) -> None:
        if self.archive.size(media) > settings.MAX_UPLOAD_BYTES:
            most = f"{settings.MAX_UPLOAD_BYTES / 2**20:,.0f} MiB"
            raise intake.IntakeError("too-large", f"The file is larger than {most}, the most that one may have.")
        with self.archive.open(media) as file:
            shutil.copyfileobj(file, copy, 1 << 20)
        copy.flush()


def _valid(value: str, values: Sequence[str], default: str) -> str:
    return value if value in values else default


def key_of(label: Any, frame: int | None, geometry: dict[str, Any], keyframes: dict[str, Any] | None) -> bytes:
    """What two shapes have in common that are the same, whatever their vertices are called."""
    parts = [str(label), frame, _bare(geometry), {n: _bare_keyframe(k) for n, k in (keyframes or {}).items()}]
    return hashlib.blake2b(orjson.dumps(parts, option=orjson.OPT_SORT_KEYS), digest_size=16).digest()


def _bare_keyframe(keyframe: dict[str, Any]) -> dict[str, Any]:
    return {**keyframe, "geometry": _bare(keyframe["geometry"])} if "geometry" in keyframe else keyframe


def _bare(geometry: dict[str, Any]) -> dict[str, Any]:
    bare = dict(geometry)
    if bare["type"] == "polygon":
        bare["rings"] = [[vertex[-2:] for vertex in ring] for ring in bare["rings"]]
    elif bare["type"] == "polyline":
        bare["points"] = [vertex[-2:] for vertex in bare["points"]]
    return {name: _floats(value) for name, value in bare.items()}


def _floats(value: Any) -> Any:
    """1 and 1.0 are the same place."""
    if isinstance(value, list):
        return [_floats(part) for part in value]
    return float(value) if isinstance(value, int) else value
