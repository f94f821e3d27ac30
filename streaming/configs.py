"""What people may say about a source, checked when they say it and not when the pipeline starts."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from projects.models import Item, Project
from projects.problems import invalid
from streaming import addresses, sources, vault
from streaming.models import SourceKind

_DEVICE = re.compile(r"/dev/video\d{1,3}|\d{1,3}")
_LONGEST_URL = 2000


@dataclass(frozen=True, slots=True)
class Checked:
    """A source's config as it is stored, its encrypted credentials, and a name for it."""

    config: dict[str, Any]
    secret: str
    name: str


def _only(config: dict[str, Any], *known: str) -> None:
    for key in config:
        if key not in known:
            raise invalid(f"/config/{key}", f"There is no such setting here; known: {', '.join(known)}.", "unknown")


def _number(config: dict[str, Any], key: str, default: float, low: float, high: float) -> float:
    value = config.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise invalid(f"/config/{key}", f"Expected a number from {low:g} to {high:g}.")
    return value


def _text(config: dict[str, Any], key: str, what: str) -> str:
    value = config.get(key)
    if not isinstance(value, str) or not value.strip():
        raise invalid(f"/config/{key}", f"Say {what}.", "required")
    return value.strip()


def _file(project: Project, config: dict[str, Any]) -> Checked:
    _only(config, "item")
    wanted = _text(config, "item", "which video: the id of a video item of this project")
    try:
        pk = uuid.UUID(wanted)
    except ValueError:
        raise invalid("/config/item", "This is no id of an item.") from None
    item = Item.objects.filter(pk=pk, project=project).select_related("asset").first()
    if item is None:
        raise invalid("/config/item", "There is no such item in this project.", "not-found")
    if item.asset.kind != "video":
        raise invalid("/config/item", f"{item.path} is a picture: choose a video, or a folder of images.", "no-video")
    return Checked({"item": str(item.pk)}, "", item.path.rpartition("/")[2])


def _camera(kind: str) -> Callable[[Project, dict[str, Any]], Checked]:
    def check(project: Project, config: dict[str, Any]) -> Checked:
        _only(config, "url", "user", "password")
        url = _text(config, "url", f"the address, such as {kind}://10.0.0.5/stream")
        if len(url) > _LONGEST_URL:
            raise invalid("/config/url", f"An address has at most {_LONGEST_URL} characters.")
        try:
            parts = addresses.check_url(url, kind)
            addresses.resolve(parts, sources.rules())
        except addresses.AddressError as error:
            raise invalid("/config/url", str(error), "bad-address") from None
        plain, credentials = addresses.split_credentials(url)
        if config.get("user"):
            credentials = addresses.join(str(config["user"]), str(config.get("password", "")))
        return Checked({"url": plain}, vault.lock(credentials) if credentials else "", parts.hostname or kind)

    return check


def _webcam(project: Project, config: dict[str, Any]) -> Checked:
    _only(config, "device")
    device = str(config.get("device", "0")).strip()
    if not _DEVICE.fullmatch(device):
        raise invalid("/config/device", "Expected a device such as /dev/video0, or its number.")
    device = device if device.startswith("/") else f"/dev/video{int(device)}"
    return Checked({"device": device}, "", f"Camera {device.removeprefix('/dev/video')}")


def _folder(project: Project, config: dict[str, Any]) -> Checked:
    _only(config, "path", "fps")
    name = _text(config, "path", "which folder: its name inside the sources folder of the data folder")
    fps = _number(config, "fps", 2, 0.1, 30)
    try:
        path = sources.folder_path(name)
    except sources.SourceError as error:
        raise invalid("/config/path", str(error), "outside") from None
    if not path.is_dir():
        raise invalid("/config/path", f"There is no folder {path}: make it and put pictures in.", "not-found")
    return Checked({"path": name, "fps": fps}, "", path.name)


def _synthetic(project: Project, config: dict[str, Any]) -> Checked:
    _only(config, "seed", "width", "height", "fps")
    whole = {
        "seed": int(_number(config, "seed", 7, 0, 2**31)),
        "width": int(_number(config, "width", 640, 160, 1920)),
        "height": int(_number(config, "height", 360, 90, 1080)),
    }
    return Checked({**whole, "fps": _number(config, "fps", 25, 1, 60)}, "", "Conveyor")


_CHECKS: dict[str, Callable[[Project, dict[str, Any]], Checked]] = {
    SourceKind.FILE: _file,
    SourceKind.RTSP: _camera("rtsp"),
    SourceKind.HTTP: _camera("http"),
    SourceKind.WEBCAM: _webcam,
    SourceKind.FOLDER: _folder,
    SourceKind.SYNTHETIC: _synthetic,
}


def check(project: Project, kind: str, config: dict[str, Any]) -> Checked:
    """A source's config in its stored form.

    Raises:
        ValidationError: says which part is wrong and what is expected.
    """
    return _CHECKS[kind](project, config)
