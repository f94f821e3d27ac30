"""docker-compose.yml describes the same processes as `manage.py up`."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from config.services import DEFAULT_SERVER, commands

ROOT = Path(__file__).resolve().parents[2]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES = COMPOSE["services"]
OURS = commands("0.0.0.0", 8000, DEFAULT_SERVER, Path("/data/run"))


@pytest.mark.parametrize("name", OURS)
def test_each_process_is_a_service_with_the_same_command(name):
    assert SERVICES[name]["command"] == ["python", *OURS[name]]


def test_no_service_runs_our_image_that_the_supervisor_does_not_know():
    ours = {name for name, service in SERVICES.items() if service["image"] == "frameloop:latest"}
    assert ours == {*OURS, "prepare"}


def test_what_stands_beside_them_is_there():
    assert {"postgres", "redis", "mosquitto", "coturn", "proxy"} <= set(SERVICES)


@pytest.mark.parametrize("name", [name for name in SERVICES if name != "prepare"])
def test_each_service_that_stays_is_watched_and_comes_back(name):
    assert SERVICES[name]["healthcheck"]["test"]
    assert SERVICES[name]["restart"] == "unless-stopped"


@pytest.mark.parametrize("name", [name for name in OURS if name != "web"])
def test_a_worker_is_watched_by_its_sign_of_life(name):
    assert SERVICES[name]["healthcheck"]["test"][-2:] == ["config.alive", name]


def test_every_volume_and_dependency_that_is_used_is_declared():
    used = {mount.partition(":")[0] for service in SERVICES.values() for mount in service.get("volumes", ())}
    assert {name for name in used if not name.startswith(".")} == set(COMPOSE["volumes"])
    for name in used:
        assert not name.startswith(".") or (ROOT / name).exists()
    for service in SERVICES.values():
        assert set(service.get("depends_on", {})) <= set(SERVICES)


def test_secrets_have_no_default():
    text = (ROOT / "docker-compose.yml").read_text()
    for name in ("SECRET_KEY", "POSTGRES_PASSWORD", "TURN_SECRET"):
        assert re.search(rf"\$\{{{name}:\?", text)
        assert not re.search(rf"\$\{{{name}:-", text)


def test_the_proxy_limits_bodies_and_hides_what_is_for_operators():
    config = (ROOT / "docker" / "Caddyfile").read_text()
    assert config.count("max_size") == 2
    assert "respond @inside 404" in config
    assert "reverse_proxy web:8000" in config
    assert config.count("{") == config.count("}")


def test_a_process_is_known_alive_while_its_key_lives(monkeypatch, settings):
    from config import alive
    from projects import live

    monkeypatch.setenv("REDIS_URL", settings.REDIS_URL)
    live.client().delete("alive:somebody")
    assert alive.main("somebody") == 1
    live.alive("somebody")
    assert alive.main("somebody") == 0
