"""Which label of the project each name in a file stands for, and the labels that an import adds."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils import timezone

from annotations.formats import records
from annotations.formats.base import Report
from annotations.formats.values import hex_color
from projects import attributes
from projects.ids import uuid7
from projects.jobs import JobError
from projects.models import Label, Project
from projects.models.project import name_key

LONGEST_NAME = 120
_SHOWN = 1000
_MOST_ORDINAL = 10_000


@dataclass
class Match:
    """What becomes of a name: shapes get the label `id`; "" leaves them out (`how` is "ignored" or "refused").

    Attributes:
        how: "name", "alias", "given", "create", "ignored" or "refused".
        points: Keypoints of the label's skeleton; None where it has none.
    """

    name: str
    how: str
    id: str = ""
    label: str = ""
    points: int | None = None
    count: int = 0


@dataclass
class _New:
    """A label that the import adds, if it is needed."""

    id: uuid.UUID
    name: str
    declared: records.Label | None
    needed: bool = False


@dataclass
class Labels:
    """The names of one file against the labels of one project; see `Match`.

    Args:
        given: What somebody chose, name to choice (see `wishes.Wishes`); the rest goes by name, without case, then
            by alias, else a label is added.
        keep_all: Declared labels are added even if no shape has them, under their class numbers where these are free;
            those that were deleted keep theirs from being given away.
    """

    project: Project
    given: Mapping[str, Mapping[str, Any]]
    report: Report
    keep_all: bool = False
    matches: dict[str, Match] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._rows = {str(label.pk): label for label in Label.objects.filter(project=self.project)}
        self._by_name = {name_key(label.name): label for label in self._rows.values()}
        self._by_alias = {name_key(alias): label for label in self._rows.values() for alias in label.aliases}
        self._declared: dict[str, records.Label] = {}
        self._new: dict[str, _New] = {}
        self._retired: list[_New] = []
        self._aliases: dict[str, list[str]] = {}

    def declare(self, labels: Iterable[records.Label]) -> None:
        """What the file says of its classes, before any shape."""
        for label in labels:
            if label.retired:
                self._retired.append(_New(uuid7(), label.name, label))
                continue
            self._declared.setdefault(label.name, label)
            match = self.of(label.name)
            if self.keep_all and match.how == "create":
                self._new[name_key(match.label)].needed = True

    def of(self, name: str) -> Match:
        match = self.matches.get(name)
        if match is None:
            match = self.matches[name] = self._match(name)
        return match

    def use(self, match: Match) -> None:
        """A shape was taken with this label."""
        match.count += 1
        if match.how == "create" and match.count == 1:
            self._new[name_key(match.label)].needed = True

    def _match(self, name: str) -> Match:
        choice = self.given.get(name, {})
        if choice.get("ignore"):
            return Match(name, "ignored")
        chosen = choice.get("label") or choice.get("alias")
        if chosen:
            return self._chosen(name, str(chosen), "alias" in choice)
        key = name_key(name)
        if "create" not in choice:
            for how, known in (("name", self._by_name), ("alias", self._by_alias)):
                if key in known:
                    return self._found(name, known[key], how)
        return self._create(name, str(choice.get("create") or name))

    def _chosen(self, name: str, chosen: str, as_alias: bool) -> Match:
        label = self._rows.get(chosen)
        if label is None:
            raise JobError(
                "unknown-label", f"{name!r} is to become the label {chosen}, which the project has not (any more)."
            )
        if as_alias and name_key(name) not in {name_key(known) for known in (label.name, *label.aliases)}:
            self._aliases.setdefault(chosen, []).append(name[:LONGEST_NAME])
        return self._found(name, label, "given")

    def _found(self, name: str, label: Label, how: str) -> Match:
        skeleton = label.skeleton or self._skeleton_of(name)
        return Match(name, how, str(label.pk), label.name, len(skeleton["points"]) if skeleton else None)

    def _create(self, name: str, wanted: str) -> Match:
        wanted = " ".join(wanted.split())
        if not wanted or len(wanted) > LONGEST_NAME or not _storable(wanted):
            text = f"{name[:40]!r} is no name for a label: it may have 1 to {LONGEST_NAME} characters. Choose another."
            self.report.refuse("label-name", text)
            return Match(name, "refused")
        key = name_key(wanted)
        if key in self._by_name:
            return self._found(name, self._by_name[key], "name")
        new = self._new.setdefault(key, _New(uuid7(), wanted, self._declared.get(name)))
        skeleton = self._skeleton_of(name)
        return Match(name, "create", str(new.id), new.name, len(skeleton["points"]) if skeleton else None)

    def _skeleton_of(self, name: str) -> dict[str, Any] | None:
        declared = self._declared.get(name)
        return _skeleton(declared.skeleton) if declared is not None else None

    # Writing

    def write(self) -> list[dict[str, Any]]:
        """Add what is needed, inside a transaction; gives `[{id, name}]` of the labels that are new.

        Raises:
            JobError: somebody added a label of the same name meanwhile.
        """
        needed = [new for new in self._new.values() if new.needed]
        if needed:
            # Others may go on to add items and jobs, which a plain lock would hold up; only labels wait.
            Project.objects.select_for_update(no_key=True).get(pk=self.project.pk)
            self._add_all(needed)
        self._amend()
        return [{"id": str(new.id), "name": new.name} for new in needed]

    def _add_all(self, needed: list[_New]) -> None:
        live, every = (
            {name_key(name) for name in rows.filter(project=self.project).values_list("name", flat=True)}
            for rows in (Label.objects, Label.every)
        )
        retired = [old for old in self._retired if self.keep_all and name_key(old.name) not in every]
        numbered = sorted([*needed, *retired], key=_number) if self.keep_all else needed
        ordinal = self.project.next_ordinal()
        for new in numbered:
            if name_key(new.name) in live and new not in retired:
                raise JobError("labels-changed", f"Somebody added the label {new.name!r} meanwhile: import again.")
            ordinal = max(ordinal, _number(new)) if self.keep_all else ordinal
            self._add(new, ordinal)
            ordinal += 1

    def _add(self, new: _New, ordinal: int) -> None:
        declared = new.declared or records.Label(new.name)
        Label.objects.create(
            id=new.id,
            project=self.project,
            name=new.name,
            ordinal=ordinal,
            color=hex_color(declared.color),
            attributes=self._attributes(declared),
            skeleton=_skeleton(declared.skeleton),
            aliases=[alias[:LONGEST_NAME] for alias in declared.aliases if _storable(alias)],
            retired_at=timezone.now() if declared.retired else None,
        )

    def _attributes(self, declared: records.Label) -> list[dict[str, Any]]:
        taken: list[dict[str, Any]] = []
        for attribute in declared.attributes:
            try:
                kind = {"kind": attribute["type"]} if "type" in attribute and "kind" not in attribute else {}
                checked = attributes.check({**attribute, **kind})
                attributes.check_names([*taken, checked])
            except attributes.AttributeProblem as problem:
                self.report.change("attribute", f"An attribute of {declared.name!r} was left out: {problem}")
            else:
                taken.append(checked)
        return taken

    def _amend(self) -> None:
        """Give labels that are there the aliases that somebody chose, and skeletons where they had none."""
        for match in self.matches.values():
            skeleton = (
                self._skeleton_of(match.name) if match.count and match.how in ("name", "alias", "given") else None
            )
            if skeleton:
                for label in Label.objects.filter(pk=match.id, skeleton__isnull=True):
                    label.skeleton = skeleton
                    label.save(update_fields=["skeleton"])
        for pk, names in self._aliases.items():
            label = Label.objects.select_for_update(no_key=True).get(pk=pk)
            label.aliases = list(dict.fromkeys([*label.aliases, *names]))
            label.save(update_fields=["aliases"])

    def as_json(self) -> list[dict[str, Any]]:
        """`[{name, count, match: {id, name} | null, how}]`, the most used first; a new label has no id yet."""
        rows = []
        for match in sorted(self.matches.values(), key=lambda match: (-match.count, match.name))[:_SHOWN]:
            new = self._new.get(name_key(match.label)) if match.how == "create" else None
            how = "unused" if new is not None and not new.needed else match.how
            label = {"id": match.id, "name": match.label} if match.id and new is None else None
            rows.append({"name": match.name, "count": match.count, "match": label, "how": how})
        return rows

    def counts(self) -> Counter[str]:
        return Counter({match.label: match.count for match in self.matches.values() if match.count})


def _number(new: _New) -> int:
    """The class number that a file gives a label, as far as the database can have it."""
    index = new.declared.index if new.declared is not None else None
    return index if index is not None and index < _MOST_ORDINAL else 0


def _storable(text: str) -> bool:
    return "\x00" not in text and not any("\ud800" <= char <= "\udfff" for char in text)


def _skeleton(found: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """A skeleton of the schema's form; None for none, and for one that is none."""
    points = found.get("points") if found else None
    if not isinstance(points, list) or not 1 <= len(points) <= 200:
        return None
    names = [" ".join(str(name).split())[:60] for name in points]
    if len(set(names)) < len(names) or not all(names):
        names = [str(n + 1) for n in range(len(points))]
    edges = [list(edge) for edge in (found or {}).get("edges") or [] if _is_edge(edge, len(names))]
    return {"points": names, "edges": edges}


def _is_edge(edge: Any, points: int) -> bool:
    return (
        isinstance(edge, list | tuple)
        and len(edge) == 2
        and all(type(end) is int and 0 <= end < points for end in edge)
        and edge[0] != edge[1]
    )
