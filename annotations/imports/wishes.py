"""What somebody wants of an import: checked once, kept as the job's parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

DRY_RUN, ALL_OR_NOTHING, BEST_EFFORT = MODES = ("dry-run", "all-or-nothing", "best-effort")
SKIP, REPLACE, MERGE = CONFLICTS = ("skip", "replace", "merge")


@dataclass(frozen=True)
class Wishes:
    """See `POST projects/{id}/imports`.

    Attributes:
        labels: Name in the file to `{"label": id}`, `{"create": name}`, `{"alias": id}` or `{"ignore": true}`.
        source: Where the file lies: `{"kept": job id}` or `{"upload": id}`.
    """

    source: dict[str, str]
    name: str = ""
    format: str = "auto"
    mode: str = ALL_OR_NOTHING
    conflicts: str = SKIP
    media: bool = True
    options: dict[str, Any] = field(default_factory=dict)
    labels: dict[str, dict[str, Any]] = field(default_factory=dict)

    def as_params(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def of(cls, params: Mapping[str, Any]) -> Wishes:
        return cls(**{name: params[name] for name in cls.__dataclass_fields__ if name in params})


def client_of(job_id: Any) -> str:
    """The journal's `client_id` of all that an import writes, by which it is found and taken back."""
    return f"import.{str(job_id).replace('-', '')}"
