"""`manage.py doctor` finds what is wrong and says how to mend it."""

from __future__ import annotations

import io
import socket

import pytest
from django.core.management import call_command

from config import doctor
from config.doctor import BAD, OK, WARN
from tests.processes import free_port


def found(topic: str, **options) -> doctor.Finding:
    return next(finding for finding in doctor.examine(**options) if finding.topic == topic)


@pytest.mark.django_db
def test_all_is_well_where_the_tests_run(monkeypatch):
    findings = list(doctor.examine(port=free_port()))
    assert [finding.line() for finding in findings if finding.level == BAD] == []
    topics = {finding.topic for finding in findings}
    assert {"Python", "Libraries", "Data folder", "Disk", "Port", "PostgreSQL", "Redis", "Video codecs"} <= topics


@pytest.mark.django_db
def test_a_taken_port_is_bad_and_names_who_has_it():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        finding = found("Port", port=listener.getsockname()[1])
    assert finding.level == BAD
    assert "is taken by" in finding.text


@pytest.mark.django_db
def test_redis_out_of_reach_is_bad_and_names_the_variable(settings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    finding = found("Redis")
    assert finding.level == BAD
    assert "REDIS_URL" in finding.mend


@pytest.mark.django_db
def test_a_library_of_another_version_is_told(monkeypatch):
    monkeypatch.setattr(doctor, "_pinned", lambda: [("Django", "1.0"), ("no-such-library", "2.0")])
    finding = found("Libraries")
    assert finding.level == BAD
    assert "no-such-library missing (wanted 2.0)" in finding.text


@pytest.mark.django_db
def test_a_data_folder_that_is_a_file_is_bad(settings, tmp_path):
    (tmp_path / "data").write_text("")
    settings.DATA_DIR = tmp_path / "data"
    assert found("Data folder").level == BAD


@pytest.mark.django_db
def test_a_full_disk_is_bad_and_a_small_one_is_worth_a_warning(monkeypatch):
    def disk(free: float):
        monkeypatch.setattr(doctor.shutil, "disk_usage", lambda path: type("Usage", (), {"free": free, "total": 1e12}))
        return found("Disk").level

    assert [disk(1e8), disk(2e9), disk(1e11)] == [BAD, WARN, OK]


@pytest.mark.django_db
def test_a_check_that_breaks_is_a_finding_and_hides_no_other(monkeypatch):
    def broken():
        raise RuntimeError("boom")
        yield

    monkeypatch.setattr(doctor, "_codecs", broken)
    findings = list(doctor.examine())
    assert any(finding.level == BAD and "boom" in finding.text for finding in findings)
    assert findings[-1].topic == "Browser for ./test"


@pytest.mark.django_db
def test_the_command_ends_with_1_when_something_is_bad(settings, tmp_path):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    out = io.StringIO()
    with pytest.raises(SystemExit) as end:
        call_command("doctor", stdout=out)
    assert end.value.code == 1
    assert "bad   Redis: cannot be reached" in out.getvalue()
