"""In docker compose, the processes that stream meet on one socket and in one folder of files."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest
import yaml

from config import embedded

COMPOSE = yaml.safe_load((Path(__file__).resolve().parents[2] / "docker-compose.yml").read_text())
SERVICES = COMPOSE["services"]
DATA = PurePosixPath(SERVICES["media_gateway"]["environment"]["FRAMELOOP_DATA"])
OURS = [name for name, service in SERVICES.items() if service["image"] == "frameloop:latest"]


def volume_at(service: str, path: PurePosixPath) -> str:
    """What is mounted for writing where `path` is; empty when the path is the container's own."""
    for mount in SERVICES[service].get("volumes", ()):
        source, target, *options = mount.split(":")
        if path.is_relative_to(target) and "ro" not in options:
            return source
    return ""


@pytest.mark.parametrize("name", ["web", "stream_worker", "media_gateway"])
def test_the_gateways_socket_is_in_one_volume_for_all_who_use_it(name) -> None:
    socket = PurePosixPath(embedded.socket_folder(Path(DATA))) / "gateway.sock"
    assert SERVICES[name]["environment"]["FRAMELOOP_DATA"] == str(DATA)
    assert volume_at(name, socket) in COMPOSE["volumes"]
    assert volume_at(name, socket) == volume_at("media_gateway", socket)


@pytest.mark.parametrize("name", OURS)
def test_files_and_the_secret_that_unlocks_cameras_are_the_same_everywhere(name) -> None:
    assert volume_at(name, DATA / "media") == volume_at("web", DATA / "media") != ""
    assert SERVICES[name]["environment"]["SECRET_KEY"] == SERVICES["web"]["environment"]["SECRET_KEY"]


def test_logins_for_turn_are_made_with_the_secret_that_coturn_checks() -> None:
    environment, command = SERVICES["web"]["environment"], SERVICES["coturn"]["command"]
    assert "--use-auth-secret" in command
    assert f"--static-auth-secret={environment['TURN_SECRET']}" in command
    assert all(url.startswith("turn:") for url in environment["TURN_URLS"].removeprefix("${TURN_URLS:-").split(","))
